// Opens pages in Chromium in several ways and prints what was found as JSON, one object for each: node browser.cjs CHROMIUM PAGE...
const [chromium_, ...pages] = process.argv.slice(2);
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;
const wide = { width: 1280, height: 900 };
const ways = {
  light: { media: { colorScheme: "light" }, size: wide },
  dark: { media: { colorScheme: "dark" }, size: wide },
  narrow: { media: { colorScheme: "light" }, size: { width: 320, height: 640 } },
};
const open = "document.querySelectorAll('details').forEach((item) => { item.open = true; }); 0";
const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

// What axe-core says, everything unfolded. The page forbids scripts; axe has to get past that, the page itself must not.
async function judged(browser, address, asked) {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(address);
  await page.evaluate(open);
  await page.evaluate(axe);
  const found = {};
  for (const [name, way] of Object.entries(ways)) {
    await page.emulateMedia(way.media);
    await page.setViewportSize(way.size);
    const result = await page.evaluate("axe.run()");
    found[name] = {
      violations: result.violations.map((item) => `${item.id}: ${item.nodes[0].html}`),
      passes: result.passes.length,
      overflow: await page.evaluate(overflow),
    };
  }
  await context.close();
  return found;
}

// What a keyboard reaches without a script, and what goes on paper.
async function used(browser, address, asked) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: wide });
  const page = await context.newPage();
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(address);
  const press = (key) => page.keyboard.press(key);
  const verdict = page.locator("details.verdict").first();
  const seen = () => verdict.locator("> div").isVisible();
  const found = { closed: !(await seen()) };
  await press("Tab");
  await press("Enter");
  found.skipped = page.url().endsWith("#policies");
  await verdict.locator("> summary").focus();
  await press("Enter");
  found.opened = await seen();
  const link = verdict.locator("a[href^='#call-']").first();
  if (await link.count()) {
    await press("Tab");
    for (let steps = 0; steps < 50 && !(await link.evaluate((item) => item === document.activeElement)); steps++) await press("Tab");
    await press("Enter");
    found.reply = await page.locator(await link.getAttribute("href")).isVisible();
  }
  await page.emulateMedia({ media: "print" });
  found.printed = await page.locator("details.verdict > div").last().isVisible();
  found.pdf = (await page.pdf({ format: "A4" })).subarray(0, 5).toString();
  await context.close();
  return found;
}

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_, args: ["--no-sandbox"] });
  for (const name of pages) {
    const asked = [];
    const found = { ...(await judged(browser, `file://${name}`, asked)), keyboard: await used(browser, `file://${name}`, asked) };
    console.log(JSON.stringify({ ...found, asked: [...new Set(asked)].filter((address) => address !== `file://${name}`) }));
  }
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
