// Opens a page in Chromium in several ways and prints what was found as JSON: node browser.cjs PAGE CHROMIUM [FOLDER FOR PICTURES]
const [page_, chromium_, pictures] = process.argv.slice(2);
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;
const ways = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  narrow: { colorScheme: "light", viewport: { width: 320, height: 640 } },
  script: { colorScheme: "light", viewport: { width: 1280, height: 900 }, javaScriptEnabled: false },
};

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_, args: ["--no-sandbox"] });
  const found = {};
  for (const [name, options] of Object.entries(ways)) {
    // The page forbids scripts; axe has to get past that, the page itself must not.
    const context = await browser.newContext({ ...options, bypassCSP: name !== "script" });
    const page = await context.newPage();
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`file://${page_}`);
    const facts = { asked: asked.length };
    if (name !== "script") {
      await page.evaluate(axe);
      const open = await page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = true; }); 0");
      const result = await page.evaluate("axe.run()");
      facts.violations = result.violations.map((item) => `${item.id}: ${item.nodes[0].html}`);
      facts.passes = result.passes.length;
      facts.overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    } else {
      const summary = page.locator("details.verdict > summary").first();
      facts.closed = !(await page.locator("details.verdict > div").first().isVisible());
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      facts.skipped = page.url().endsWith("#policies");
      await summary.focus();
      await page.keyboard.press("Enter");
      facts.opened = await page.locator("details.verdict > div").first().isVisible();
      const pdf = await page.pdf({ format: "A4" });
      facts.pdf = pdf.subarray(0, 5).toString();
    }
    if (pictures && name !== "script") {
      await page.evaluate("document.querySelectorAll('details').forEach((item) => { item.open = false; }); scrollTo(0, 0)");
      await page.screenshot({ path: `${pictures}/report-${name}.png` });
    }
    found[name] = facts;
    await context.close();
  }
  await browser.close();
  console.log(JSON.stringify(found));
})().catch((error) => { console.error(error); process.exit(1); });
