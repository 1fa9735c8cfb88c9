// Opens the page of a comparison as its reader does, from a file in a real browser, and says what is wrong with it.
// usage: check_comparison.mjs <comparison.html> <chromium> [<folder for pictures>]
import { join } from "node:path";
import { check, checkAccess, dimmest, finish, folder, isWider, open, picture } from "./page.mjs";

const shownRows = (page) => page.locator("main tbody tr:not([hidden])").count();

for (const theme of ["light", "dark"]) {
    const page = await open({ colorScheme: theme, viewport: { width: 1280, height: 900 } });
    check(!(await isWider(page)), `${theme}: wider than 1280 pixels`);
    check((await page.locator("figure svg").count()) > 0, "there is no picture");
    const dim = theme === "dark" ? await dimmest(page) : [];
    check(dim.length === 0, `too dim on dark: ${dim}`);
    await picture(page, `comparison-${theme}`);
    await picture(page, `comparison-${theme}-whole`, { fullPage: true });
    await checkAccess(page, theme);
    await page.context().close();
}

// A phone.
{
    const page = await open({ viewport: { width: 360, height: 740 } });
    check(!(await isWider(page)), "overflows at 360 pixels");
    check((await page.locator("#contents").getAttribute("open")) === null, "the contents are open on a phone");
    await picture(page, "comparison-phone");
    await page.locator("figure").first().scrollIntoViewIfNeeded();
    await picture(page, "comparison-phone-figure");
    await page.context().close();
}

// By keyboard alone: sort, filter, follow the contents, the theme.
{
    const page = await open({ viewport: { width: 1280, height: 900 } });
    await page.keyboard.press("Tab");
    check(await page.evaluate(() => document.activeElement.classList.contains("skip")), "the first stop skips nothing");

    const rows = await shownRows(page);
    await page.locator("#words").focus();
    await page.keyboard.type("machine 2");
    const left = await page.locator("main tbody tr:not([hidden])").allInnerTexts();
    check(left.length > 0 && left.length < rows && left.every((row) => /machine/.test(row) && /2/.test(row)),
          `the filter leaves ${left.length} of ${rows} rows`);
    check(/^\d+ of \d+ rows$/.test(await page.locator("#shown").innerText()), "how many rows are left is not said");
    await page.locator("#filter button[type=reset]").focus();
    await page.keyboard.press("Enter");
    await page.waitForTimeout(100);
    check((await shownRows(page)) === rows, "reset does not show all rows");

    const header = page.locator("#machines th").nth(1);
    const values = () => page.locator("#machines td[data-v]").evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.v)));
    for (const [order, sign] of [["ascending", 1], ["descending", -1]]) {
        await header.locator("button").focus();
        await page.keyboard.press("Enter");
        check((await header.getAttribute("aria-sort")) === order, `sorting ${order} is not said`);
        const sorted = await values();
        check(sorted.length > 1 && sorted.every((value, i) => i === 0 || sign * sorted[i - 1] <= sign * value),
              `sorting ${order} does not sort: ${sorted}`);
    }

    const link = page.locator("#contents ul ul a").last();
    await link.focus();
    await page.keyboard.press("Enter");
    check(await page.locator(await link.getAttribute("href")).evaluate((of) => of.getBoundingClientRect().top < innerHeight),
          "the contents lead nowhere");

    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const before = await background();
    await page.locator("#theme").focus();
    await page.keyboard.press("Enter");
    check((await background()) !== before, "the theme does not change");
    await page.context().close();
}

// On paper: dark on white, and nothing cut off. The width is that of A4 between its margins.
{
    const page = await open({ colorScheme: "dark", viewport: { width: 680, height: 900 } });
    if (folder) await page.pdf({ path: join(folder, "comparison.pdf"), format: "A4", preferCSSPageSize: true });
    await page.emulateMedia({ media: "print" });
    const cut = await page.evaluate(() => Array.from(document.querySelectorAll("main table, main svg, main p"))
        .filter((of) => of.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map((of) => `${of.localName} of ${of.closest("section")?.id}`));
    check(cut.length === 0, `cut off on paper: ${[...new Set(cut)]}`);
    const [paper, ink] = await page.evaluate(() => {
        const { backgroundColor, color } = getComputedStyle(document.body);
        return [backgroundColor, color];
    });
    check(paper === "rgb(255, 255, 255)" && ink === "rgb(0, 0, 0)", `on paper: ${ink} on ${paper}`);
    await page.context().close();
}

// Without scripts everything can be read.
{
    const page = await open({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    check(await page.locator("main table").first().isVisible(), "without scripts there is no table");
    check(!(await page.locator("#filter").isVisible()), "without scripts there is a filter that does nothing");
    await page.context().close();
}

await finish();
