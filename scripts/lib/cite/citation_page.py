"""Citations in a report: "cite this" beside each claim and figure, and CITE.md, which lists them all."""
from base import text
from base.runs import Experiment, Run
from cite import citation_formats as formats
from cite.citation_blocks import PLAIN_NAME
from cite.citations import PROVES, Citation, Citer, Subject
from report.blocks import Block, Cite


def place(run: Run) -> str:
    """The run's folder, as somebody would type it from the top of the sources; names come from the run."""
    names = [run.document["run"][name] for name in ("machine", "id")]
    return "/".join(["results", *names]) if all(PLAIN_NAME.fullmatch(name) for name in names) else "RUN"


def command(run: Run, of: Citation) -> str:
    return f"scripts/cite {place(run)} {of.id}{' --force' if of.grade['forced'] else ''}"


def refusal(of: Citation) -> str:
    return f"grade {of.grade['letter']}: {of.grade['failed'][0]['found']}" if of.grade["forced"] else ""


def cite(citer: Citer, of: Subject) -> Cite:
    made = citer.cite(of)
    refused = refusal(made)
    blocks = [] if refused else [formats.as_text(made), formats.as_bibtex(made)]
    return Cite(made.id, command(citer.run, made), *blocks, refused=refused)


def cited(citer: Citer, name: str, experiment: Experiment) -> list[Block]:
    """Of a figure, or where there is no name of one, of the experiment's claim."""
    return [cite(citer, of) for of in citer.subjects
            if of.experiment.name == experiment.name and (of.name == name if name else of.kind == "claim")
            and of.kind == ("figure" if name else "claim")]


# CITE.md.

def entry(citer: Citer, of: Citation) -> list[str]:
    result = " ".join(map(formats.sentence, formats.result(of)))
    return [f"### {of.id}", "", text.markdown(f"{of.name}, \u201c{of.title}\u201d: {result}"), "",
            f"    {command(citer.run, of)}", ""]


EACH = ("Each command prints the block of one claim or figure: what was found, its scope, both absolutes, design, "
        "statistics, machine, software, grade, limits, and digests of the samples behind it; `--format` takes "
        "`markdown`, `json` and `bibtex` too. `scripts/cite --verify FILE` verifies a block.")


def page(citer: Citer) -> str:
    run, made = citer.run, [citer.cite(of) for of in citer.subjects]
    grade = citer.grade
    of = run.document["run"]
    lines = ["# What can be cited of this run", "",
             text.markdown(f"Run {of['id']} on {of['machine']}. Grade {grade.letter}: {grade.meaning}."), ""]
    failed = [f"- {text.markdown(f'{what}: {found} (costs {costs})')}" for what, costs, found in grade.checks if found]
    lines += ["Not met:", "", *failed, ""] if failed else []
    lines += [f"{EACH} {PROVES}", ""]
    if grade.letter == "D":
        lines += ["**Do not cite it.** `--force` makes the blocks all the same, and they say so.", ""]
    for kind, title in (("claim", "Claims"), ("figure", "Figures")):
        found = [line for each in made if each.kind == kind for line in entry(citer, each)]
        lines += [f"## {title}", "", *found] if found else []
    return "\n".join(lines)
