// Filters, sorting and samples of the report, after page.js.

const table = byId("all");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const data = JSON.parse(byId("samples").textContent);
const ROUNDS = 6; // the column that opens the samples

// Chapters, their entries in the contents, and rows by claim and backend; rows by words too.

const claim = byId("by-claim");
const backend = byId("by-backend");
const words = byId("words");
const chapters = Array.from(document.querySelectorAll("section.chapter"));
const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

function isShown(chapter) {
    const backends = chapter.dataset.backends.split(" ");
    return (!claim.value || chapter.dataset.claim === claim.value) && (!backend.value || backends.includes(backend.value));
}

function filter() {
    closeSamples();
    const shown = new Set();
    for (const chapter of chapters) {
        chapter.hidden = !isShown(chapter);
        entries.get(chapter.id).parentElement.hidden = chapter.hidden;
        if (!chapter.hidden) shown.add(chapter.id.replace("experiment-", ""));
    }
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows) {
        const text = texts.get(row);
        row.hidden = !(shown.has(row.cells[0].textContent) && (!backend.value || row.cells[2].textContent === backend.value)
            && wanted.every((word) => text.includes(word)));
        found += row.hidden ? 0 : 1;
    }
    byId("found").textContent = `${found} of ${rows.length} rows`;
    const all = !claim.value && !backend.value;
    byId("shown").textContent = all ? "" : `${shown.size} of ${chapters.length} experiments`;
}

function showAll() {
    claim.value = backend.value = words.value = "";
    filter();
}

const form = byId("filter");
form.hidden = false;
byId("search").hidden = false;
form.addEventListener("change", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
    event.preventDefault();
    showAll();
});
words.addEventListener("input", filter);

// The samples of a row, below it.

function closeSamples() {
    for (const opened of body.querySelectorAll("tr.samples")) opened.remove();
    for (const button of body.querySelectorAll('button[aria-expanded="true"]')) button.setAttribute("aria-expanded", "false");
}

function samplesOf(row) {
    const [place, values] = data.rows[Number(row.id.slice(1))];
    const side = data.sides[place];
    const name = document.createElement("p");
    name.textContent = `${side.cell}, ${row.cells[2].textContent}, ${row.cells[4].textContent}: `
        + "round, value, line of journal.jsonl";
    const list = document.createElement("ol");
    side.rounds.forEach((round, i) => {
        const item = document.createElement("li");
        item.value = round;
        item.append(values[i] ?? side.status[i]);
        if (side.lines[i]) {
            const line = document.createElement("span");
            line.className = "line";
            line.textContent = ` (line ${side.lines[i]})`;
            item.append(line);
        }
        list.append(item);
    });
    const cell = document.createElement("td");
    cell.colSpan = row.cells.length;
    cell.append(name, list);
    const opened = document.createElement("tr");
    opened.className = "samples";
    opened.append(cell);
    return opened;
}

function toggle(row) {
    const button = row.cells[ROUNDS].firstElementChild;
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) row.nextElementSibling.remove();
    else row.after(samplesOf(row));
}

for (const row of rows) {
    const cell = row.cells[ROUNDS];
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    button.setAttribute("aria-label", `${cell.textContent} samples`);
    button.setAttribute("aria-expanded", "false");
    cell.replaceChildren(button);
}
body.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) toggle(button.closest("tr"));
});

makeSortable(table, rows, closeSamples);

// From a number to its rows, with their samples open, and from a claim to its chapter: they may be filtered out.

function follow(places) {
    const wanted = places.map((place) => byId(`v${place}`)).filter(Boolean);
    if (!wanted.length) return;
    if (wanted.some((row) => row.hidden)) showAll();
    closeSamples();
    for (const other of body.querySelectorAll("tr.here")) other.classList.remove("here");
    for (const row of wanted) {
        row.classList.add("here");
        toggle(row);
    }
    wanted[0].scrollIntoView({ block: "center" });
    wanted[0].cells[ROUNDS].firstElementChild.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    if (byId(link.hash.slice(1))?.hidden) showAll();
    if (!link.matches(".number")) return;
    event.preventDefault();
    history.pushState(null, "", link.getAttribute("href"));
    follow(link.dataset.rows.split(" "));
});
const followHash = () => { if (/^#v\d+$/.test(location.hash)) follow([location.hash.slice(2)]); };
addEventListener("hashchange", followHash);
followHash();
