// Takes the pictures of the auditor's guide: node screenshots.cjs CHROMIUM REPORT FOLDER
const [chromium_, report, folder] = process.argv.slice(2);
const { chromium } = require("playwright-core");

(async () => {
  const browser = await chromium.launch({ executablePath: chromium_, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme: "light" });
  await page.goto(`file://${report}`);
  await page.screenshot({ path: `${folder}/overview.png` });

  const verdict = page.locator("details.verdict", { hasText: "payments-legacy-trail" }).filter({ hasText: "versioning is suspended" }).first();
  await verdict.locator("> summary").click();
  await verdict.screenshot({ path: `${folder}/verdict.png` });

  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("#posture").scrollIntoViewIfNeeded();
  await page.evaluate("document.querySelector('#posture').scrollIntoView(); 0");
  await page.screenshot({ path: `${folder}/posture.png` });

  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 780 });
  await page.evaluate("document.querySelector('#summary').scrollIntoView(); 0");
  await page.screenshot({ path: `${folder}/narrow.png` });
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
