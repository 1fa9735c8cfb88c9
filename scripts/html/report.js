// Theme, filters, sorting and samples of the report. Without it everything can still be read.
"use strict";

const byId = (id) => document.getElementById(id);
const table = byId("all");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const data = JSON.parse(byId("samples").textContent);
const ROUNDS = 6; // the column that opens the samples

// The theme is the system's until the button says otherwise. A file from a mail may have no storage.

const root = document.documentElement;
const theme = byId("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
const nameTheme = () => { theme.textContent = isDark() ? "Light theme" : "Dark theme"; };
theme.hidden = false;
theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
});
system.addEventListener("change", nameTheme);
nameTheme();

// Chapters, their entries in the contents, and rows by claim and backend; rows by words too.

const claim = byId("by-claim");
const backend = byId("by-backend");
const words = byId("words");
const chapters = Array.from(document.querySelectorAll("section.chapter"));
const entries = new Map(Array.from(document.querySelectorAll("#contents a"), (link) => [link.hash.slice(1), link]));
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

// Sorting: by number where a column has numbers, and numbers within names by what they are worth.

const { compare: compareNames } = new Intl.Collator("en", { numeric: true });
const key = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent;

function sort(header, column) {
    closeSamples();
    const rising = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const keys = new Map(rows.map((row) => [row, key(row, column)]));
    const compare = (a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        return (x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : compareNames(x, y)) * (rising ? 1 : -1);
    };
    rows.sort(compare);
    body.append(...rows);
}

Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => sort(header, column));
});

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

// The contents say where the reader is: in the last section that begins above the upper third of the window.

const places = Array.from(entries.keys(), byId);

function markPlace() {
    const begun = places.filter((place) => !place.hidden && place.getBoundingClientRect().top < innerHeight / 3);
    for (const [id, link] of entries) {
        if (id === begun.at(-1)?.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
    }
}

let isMarking = false;
addEventListener("scroll", () => {
    if (!isMarking) requestAnimationFrame(() => { isMarking = false; markPlace(); });
    isMarking = true;
}, { passive: true });
markPlace();

// What does not scroll need not be a stop of the keyboard.

const scrollers = Array.from(document.querySelectorAll(".scroll"));

function setStops() {
    const scrolls = scrollers.map((of) => of.scrollWidth > of.clientWidth || of.scrollHeight > of.clientHeight);
    scrollers.forEach((of, i) => {
        if (scrolls[i]) of.tabIndex = 0;
        else of.removeAttribute("tabindex");
    });
}
addEventListener("resize", setStops);
document.addEventListener("toggle", setStops, true);
setStops();

// A phone has no room for an open list of contents.

if (matchMedia("(max-width: 60rem)").matches) byId("contents").open = false;
