// Sorting and filter of every table of a comparison, after page.js.

const tables = Array.from(document.querySelectorAll("main table"), (table) => ({ table, rows: Array.from(table.tBodies[0].rows) }));

// Rows that continue the one above them stay with it: such a table keeps its order.
for (const { table, rows } of tables) {
    if (rows.length > 1 && rows.every((row) => row.cells[0].textContent)) makeSortable(table, rows);
}

const form = byId("filter");
const words = byId("words");
const texts = new Map(tables.flatMap(({ rows }) => rows.map((row) => [row, row.textContent.toLowerCase()])));

function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [row, text] of texts) {
        row.hidden = !wanted.every((word) => text.includes(word));
        found += row.hidden ? 0 : 1;
    }
    byId("shown").textContent = wanted.length ? `${found} of ${texts.size} rows` : "";
    setStops();
}

form.hidden = !texts.size;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => requestAnimationFrame(filter));
words.addEventListener("input", filter);
