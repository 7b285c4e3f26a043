#!/usr/bin/env python3
"""report_browser.py SPECTAIL [FOLDER]: the report in a browser, as a reader opens it: from the file system, without a network, light and
dark, on a wide and on a narrow screen, and on paper.

Chromium is Debian's (chromium) or the one that CHROMIUM names, driven by playwright. FOLDER keeps a picture of each chapter."""
import os
import pathlib
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

RUN = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-run"
SETTINGS = [(scheme, width, height) for scheme in ("light", "dark") for width, height in ((1280, 900), (390, 844))]

# What a reader sees of every figure, and of every text against what lies behind it (WCAG 2: 4.5 to 1).
LOOK = r"""() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const parse = s => (s.match(/[\d.]+/g) || []).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const faint = new Set(), hidden = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const e = node.parentElement;
    if (!node.data.trim() || !e.checkVisibility()) continue;
    texts++;
    const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.add(`${e.tagName} ${contrast.toFixed(2)} ${node.data.trim().slice(0, 40)}`);
  }
  const images = [...document.querySelectorAll('figure img')];
  for (const image of images) {
    const box = image.getBoundingClientRect();
    if (!image.complete || !image.naturalWidth || box.width < 100 || box.height < 50 || !image.checkVisibility())
      hidden.push(`${image.closest('figure').id} ${box.width} x ${box.height}`);
  }
  const wide = [...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.right > innerWidth + 1 && !e.closest('.table, .scroll, pre') && getComputedStyle(e).position !== 'fixed';
  }).map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 40));
  return {texts, images: images.length, faint: [...faint], hidden, wide,
          scroll: document.scrollingElement.scrollWidth, inner: innerWidth};
}"""


def look(browser, page_file, scheme, width, height, folder):
    """Faults of one page in one setting."""
    faults = []
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
    page = context.new_page()
    page.on("console", lambda message: faults.append("console: " + message.text))
    page.on("pageerror", lambda error: faults.append("error: %s" % error))
    page.on("request", lambda request: request.url.split(":")[0] in ("file", "data") or faults.append("asks for " + request.url))
    page.goto(page_file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_function("[...document.images].every(i => i.complete)")
    seen = page.evaluate(LOOK)
    faults += ["faint: " + text for text in seen["faint"]] + ["not to be seen: " + text for text in seen["hidden"]]
    faults += ["beyond the page: " + text for text in seen["wide"][:5]]
    if seen["scroll"] > seen["inner"]:
        faults.append("the page scrolls sideways: %d in %d" % (seen["scroll"], seen["inner"]))
    if seen["images"] == 0 or seen["texts"] < 100:
        faults.append("only %d figures and %d texts" % (seen["images"], seen["texts"]))
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    if dark != (scheme == "dark"):
        faults.append("%s, but the ground is %s" % (scheme, "dark" if dark else "light"))
    for heading in page.query_selector_all("h1, h2, h3") if folder else []:
        heading.evaluate("e => window.scrollTo(0, e.getBoundingClientRect().top + scrollY - 20)")
        page.screenshot(path=folder / ("%s-%s-%d-%s.png" % (page_file.stem, scheme, width, heading.get_attribute("id") or "top")))
    context.close()
    return faults


def paper(browser, page_file):
    context = browser.new_context(color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    ground = page.evaluate("getComputedStyle(document.body).color")
    pdf = page.pdf(format="A4")
    context.close()
    faults = [] if ground == "rgb(26, 26, 26)" else ["on paper letters are " + ground]
    return faults if pdf.count(b"/Type /Page\n") > 3 else faults + ["%d pages" % pdf.count(b"/Type /Page\n")]


def make(spectail, folder):
    """Reports of one run, of two, and of one with a hostile name."""
    def call(*arguments):
        subprocess.run([spectail, *map(str, arguments), "--quiet"], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    hostile = b"</script><img src=x onerror=alert(1)>'\"\xff".decode(errors="surrogateescape")
    call("sweep", RUN, "--samples", 16, "--bootstrap", 100)
    call("report", "--out", "one.html")
    for name in ("first", hostile):
        call("sweep", RUN, "--samples", 8, "--bootstrap", 100, "--metrics", "loss,sinks,frames", "--db", "two.db", "--name", name)
    call("report", "--db", "two.db", "--all", "--out", "two.html")
    return [folder / "one.html", folder / "two.html"]


def main():
    spectail = os.path.abspath(sys.argv[1])
    pictures = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    failed = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = make(spectail, pathlib.Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for page_file in pages:
            looks = [(str(setting), look(browser, page_file, *setting, pictures)) for setting in SETTINGS]
            for name, faults in looks + [("paper", paper(browser, page_file))]:
                print(page_file.name, name, "ok" if not faults else "FAILED")
                for fault in faults[:10]:
                    print("   ", fault)
                failed += len(faults)
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
