// What checks of pages share: a page of a file in a real browser, and what is wrong with it, a line each.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [file, executablePath, picturesFolder] = process.argv.slice(2);
export const folder = picturesFolder;
const url = pathToFileURL(file).href;
const problems = [];
export const check = (holds, words) => { if (!holds) problems.push(words); };

function end() {
    for (const problem of new Set(problems)) console.log(problem);
    process.exit(problems.length ? 1 : 0);
}

export async function finish() {
    await browser.close();
    end();
}

// What could not be done is a problem too, and those before it say why.
process.on("uncaughtException", (error) => {
    problems.push(error.message);
    end();
});

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

export async function open(options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on("console", (message) => check(!["error", "warning"].includes(message.type()), `console: ${message.text()}`));
    page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
    page.on("request", (request) => check(request.url().startsWith(url) || request.url().startsWith("data:"),
                                          `asks for ${request.url()}`));
    await page.goto(url);
    return page;
}

export const picture = async (page, name, options = {}) => {
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), ...options });
};

// No serious violation. A table of thousands of rows that are all alike takes axe a minute: some are enough.
export async function checkAccess(page, theme) {
    await page.evaluate(() => {
        for (const row of document.querySelectorAll("main tr:nth-child(n + 41)")) row.remove();
        for (const details of document.querySelectorAll("main details")) details.open = true;
    });
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const violation of found.violations)
        check(!["serious", "critical"].includes(violation.impact),
              `${theme}: ${violation.id}: ${violation.help}: ${violation.nodes[0].html.slice(0, 150)}`);
}

// Pictures: what is drawn on dark can be told from it, and what is written can be read. Grids, bands and their like are
// meant to be faint. (Which of two pale series is which on white, their shapes say: that is style.gp's.)
export const dimmest = (page) => page.evaluate(() => {
    const colour = (of) => (of.match(/[\d.]+/g) ?? []).map(Number);
    const light = (of) => colour(of).slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
    const style = getComputedStyle(document.documentElement);
    const probe = document.body.appendChild(document.createElement("i"));
    const named = (name) => { probe.style.color = style.getPropertyValue(name); return getComputedStyle(probe).color; };
    const paper = light(getComputedStyle(document.body).backgroundColor);
    const faint = ["--paper", "--grid", "--band", "--line"].map(named);
    probe.remove();
    const dim = new Set();
    for (const of of document.querySelectorAll("figure svg :is(path, rect, circle, polygon, polyline, use, text)")) {
        const { fill, stroke } = getComputedStyle(of);
        for (const drawn of of.localName === "text" ? [fill] : [fill, stroke]) {
            if (!drawn.startsWith("rgb(") || faint.includes(drawn) || of.closest("defs")) continue;
            const [low, high] = [light(drawn), paper].sort((a, b) => a - b);
            const contrast = (high + 0.05) / (low + 0.05);
            if (contrast < (of.localName === "text" ? 4.5 : 3)) dim.add(`${of.localName} ${drawn} ${contrast.toFixed(1)}`);
        }
    }
    return [...dim];
});

export const isWider = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
