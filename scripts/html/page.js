// What every page does: theme, place in the contents, stops of the keyboard, sorting of a table. Without it everything can
// still be read.
"use strict";

const byId = (id) => document.getElementById(id);
const entries = new Map(Array.from(document.querySelectorAll("#contents a"), (link) => [link.hash.slice(1), link]));

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

// Sorting: by number where a column has numbers, and numbers within names by what they are worth.

const { compare: compareNames } = new Intl.Collator("en", { numeric: true });
const key = (row, column) => row.cells[column].dataset.v ?? row.cells[column].textContent;

function sortRows(table, rows, header, column) {
    const rising = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const keys = new Map(rows.map((row) => [row, key(row, column)]));
    const compare = (a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        return (x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : compareNames(x, y)) * (rising ? 1 : -1);
    };
    rows.sort(compare);
    table.tBodies[0].append(...rows);
}

function makeSortable(table, rows, before = () => {}) {
    Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
        const button = document.createElement("button");
        button.type = "button";
        button.append(...header.childNodes);
        header.replaceChildren(button);
        button.addEventListener("click", () => {
            before();
            sortRows(table, rows, header, column);
        });
    });
}
