// Opens a report as its reader does, from a file in a real browser, and says what is wrong with it, a line each.
// usage: check_report.mjs <report.html> <chromium> [<folder for pictures>]
import { join } from "node:path";
import { check, checkAccess, dimmest, finish, folder, isWider, open, picture } from "./page.mjs";

const shownRows = (page) => page.locator("#all tbody tr:not([hidden]):not(.samples)").count();
const shownChapters = (page) => page.locator("section.chapter:not([hidden])").count();
const firstOf = (page, column) => page.locator("#all tbody tr:not(.samples)").first().locator("td").nth(column).innerText();

for (const theme of ["light", "dark"]) {
    const page = await open({ colorScheme: theme, viewport: { width: 1280, height: 900 } });
    check(!(await isWider(page)), `${theme}: wider than 1280 pixels`);
    const dim = theme === "dark" ? await dimmest(page) : [];
    check(dim.length === 0, `too dim on dark: ${dim}`);
    await picture(page, theme);
    await picture(page, `${theme}-whole`, { fullPage: true });
    await page.evaluate(() => document.querySelector("#all td button").click());
    await checkAccess(page, theme);
    await page.context().close();
}

// A phone.
{
    const page = await open({ viewport: { width: 360, height: 740 } });
    check(!(await isWider(page)), "overflows at 360 pixels");
    check((await page.locator("#contents").getAttribute("open")) === null, "the contents are open on a phone");
    for (const details of await page.locator("main details").all()) await details.evaluate((of) => { of.open = true; });
    check(!(await isWider(page)), "overflows at 360 pixels with everything open");
    await picture(page, "phone");
    await page.locator("#experiments").scrollIntoViewIfNeeded();
    await picture(page, "phone-chapter");
    await page.context().close();
}

// By keyboard alone: filter, sort, a number's samples, the theme.
{
    const page = await open({ viewport: { width: 1280, height: 900 } });
    const [rows, chapters] = [await shownRows(page), await shownChapters(page)];
    check(rows > 0 && chapters > 0, "no rows or no chapters");

    await page.keyboard.press("Tab");
    check(await page.evaluate(() => document.activeElement.classList.contains("skip")), "the first stop skips nothing");

    const claim = await page.locator("section.chapter[data-claim^=C]").first().getAttribute("data-claim");
    await page.locator("#by-claim").focus();
    await page.keyboard.type(claim);
    await page.keyboard.press("Enter");
    check((await page.locator("#by-claim").inputValue()) === claim, `typing ${claim} chooses nothing`);
    check((await shownChapters(page)) === 1, `the filter ${claim} leaves ${await shownChapters(page)} chapters`);
    check((await shownRows(page)) < rows, "the filter of claims leaves all rows");
    const named = await page.locator("#contents ul ul li:not([hidden])").count();
    check(named === 1, `the contents still name ${named} experiments`);
    await page.locator("#filter button[type=reset]").focus();
    await page.keyboard.press("Enter");
    check((await shownRows(page)) === rows && (await shownChapters(page)) === chapters, "reset does not show all");

    await page.locator("#by-backend").focus();
    await page.keyboard.type("raw");
    await page.keyboard.press("Enter");
    const backends = new Set(await page.locator("#all tbody tr:not([hidden]) td:nth-child(3)").allInnerTexts());
    check(backends.size === 1 && backends.has("raw"), `the filter raw leaves ${[...backends]}`);

    const link = page.locator(`#claims a[href^="#"]:not(.number)`).first();
    await link.focus();
    await page.keyboard.press("Enter");
    check(await page.locator(await link.getAttribute("href")).isVisible(), "a claim does not lead to its chapter");
    await page.locator("#filter button[type=reset]").focus();
    await page.keyboard.press("Enter");
    check((await shownRows(page)) === rows, "after the filter raw, reset does not show all");

    await page.locator("#words").focus();
    await page.keyboard.type("floors clone");
    check((await shownRows(page)) === 1, `two words leave ${await shownRows(page)} rows`);
    await page.locator("#words").fill("");

    const header = page.locator("#all th").nth(5).locator("button");
    await header.focus();
    await page.keyboard.press("Enter");
    check((await page.locator("#all th").nth(5).getAttribute("aria-sort")) === "ascending", "sorting is not said");
    const values = await page.locator("#all tbody td[data-v]").evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.v)));
    check(values.every((value, i) => i === 0 || values[i - 1] <= value), "sorting by numbers does not sort");
    await page.keyboard.press("Enter");
    check((await page.locator("#all th").nth(5).getAttribute("aria-sort")) === "descending", "sorting does not turn");

    const name = page.locator("#all th").nth(1).locator("button");
    await name.focus();
    await page.keyboard.press("Enter");
    const lengths = (await page.locator("#all tbody td:nth-child(2)").allInnerTexts())
        .filter((cell) => /^spin\/length_ns:\d+$/.test(cell)).map((cell) => Number(cell.split(":")[1]));
    check(lengths.length > 1 && lengths.every((value, i) => i === 0 || lengths[i - 1] <= value),
          "names with numbers are not sorted by them");

    // A number leads to its samples from a filter that hides them, too.
    await page.locator("#words").fill("nothing has this name");
    check((await shownRows(page)) === 0, "words that no row has leave rows");
    const number = page.locator("#claims a.number").first();
    await number.focus();
    await page.keyboard.press("Enter");
    await page.waitForTimeout(100);
    const samples = page.locator("#all tr.samples");
    check((await samples.count()) >= 1, "a number does not lead to its samples");
    const items = await samples.first().locator("li").allInnerTexts();
    check(items.length > 0 && items.every((item) => /\(line \d+\)$/.test(item)), `samples without lines: ${items[0]}`);
    await picture(page, "samples");
    const n_open = await samples.count();
    await page.keyboard.press("Enter");
    check((await samples.count()) === n_open - 1, "samples do not close");

    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await background();
    await page.locator("#theme").focus();
    await page.keyboard.press("Enter");
    check((await background()) !== before, "the theme does not change");

    await page.context().close();
}

// On paper: dark on white even where the system is dark, and nothing cut off, however much is unfolded. The width is that of
// A4 between its margins.
{
    const page = await open({ colorScheme: "dark", viewport: { width: 680, height: 900 } });
    if (folder) await page.pdf({ path: join(folder, "report.pdf"), format: "A4", preferCSSPageSize: true });
    await page.emulateMedia({ media: "print" });
    for (const details of await page.locator("main details").all()) await details.evaluate((of) => { of.open = true; });
    const cut = await page.evaluate(() => Array.from(document.querySelectorAll("main table, main pre, main svg, main p"))
        .filter((of) => of.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map((of) => `${of.localName} of ${of.closest("section")?.id}`));
    check(cut.length === 0, `cut off on paper: ${[...new Set(cut)]}`);
    const [paper, ink] = await page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.body);
        return [backgroundColor, color];
    });
    check(paper === "rgb(255, 255, 255)" && ink === "rgb(0, 0, 0)", `on paper: ${ink} on ${paper}`);
    check(!(await page.locator("nav").isVisible()), "on paper there are contents to be pressed");
    await page.context().close();
}

// Without scripts everything can be read.
{
    const page = await open({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    check(await page.locator("#all tbody tr").first().isVisible(), "without scripts the table is not there");
    check(!(await page.locator("#filter").isVisible()), "without scripts there is a filter that does nothing");
    await page.context().close();
}

await finish();
