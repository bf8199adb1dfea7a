// Chromium opens the pages of CDA documents: rendered by the command, and as the server sends them, with its headers.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { Agent } from 'undici';

const { BINARY, DEMO, MADE, NATIONAL, SHOTS } = process.env;
let failed = 0;
const check = (name, held, saw = '') => {
  console.log(held ? `ok chromium ${name}` : `FAIL chromium ${name}: ${typeof saw === 'string' ? saw : JSON.stringify(saw)}`.slice(0, 600));
  if (!held) failed += 1;
};
// Line breaks are elements in the document and layout in the page.
const flat = (text) => text.replace(/\s+/g, '');

const HOSTILE = `<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
NARRATIVE_HEAD<component><structuredBody><component><section><title>Piège &lt;img src=x onerror="window.ran=1"&gt;</title><text>
<paragraph onload="window.ran=2" style="background:url(https://outside.invalid/a)">Avant</paragraph>
<script>window.ran=3</script><iframe src="https://outside.invalid/b">cadre</iframe><img src="https://outside.invalid/c" onerror="window.ran=4"/>
<linkHtml href="javascript:window.ran=5">lien</linkHtml><linkHtml href=" java&#9;script:window.ran=6">lien deux</linkHtml>
<linkHtml href="data:text/html,&lt;script&gt;window.ran=7&lt;/script&gt;">lien trois</linkHtml>
<content styleCode="x&quot; onmouseover=&quot;window.ran=8">contenu</content><object data="https://outside.invalid/d">objet</object>
<svg xmlns="http://www.w3.org/2000/svg" onload="window.ran=9"><script>window.ran=10</script></svg>
<html:script xmlns:html="http://www.w3.org/1999/xhtml">window.ran=11</html:script>
<table><tbody><tr><td colspan="1&quot; onclick=&quot;window.ran=12">case</td></tr></tbody></table>
<meta http-equiv="refresh" content="0;url=https://outside.invalid/e"/><base href="https://outside.invalid/"/><form action="https://outside.invalid/f"><input autofocus="" onfocus="window.ran=13"/></form>
<paragraph>Après</paragraph></text></section></component></structuredBody></component></ClinicalDocument>`;

const work = mkdtempSync(join(tmpdir(), 'pages-'));
const browser = await puppeteer.launch({
  executablePath: '/usr/bin/chromium', headless: true, userDataDir: join(work, 'profile'),
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run'],
});

// What a person should find: read by the browser's own XML reader.
const reader = await browser.newPage();
const expect = async (bytes) => {
  const encoding = /encoding=["']([\w-]+)/.exec(bytes.subarray(0, 200).toString('latin1'))?.[1] ?? 'utf-8';
  return reader.evaluate((xml) => {
    const tree = new DOMParser().parseFromString(xml, 'text/xml');
    const root = tree.getElementsByTagNameNS('urn:hl7-org:v3', 'ClinicalDocument')[0];
    if (!root) return null;
    const all = (within, path) => path.split('/').reduce((found, name) => found.flatMap((e) => [...e.children].filter((c) => c.localName === name)), [within]);
    const text = (elements) => elements.map((e) => e.textContent.replace(/\s+/g, ' ').trim()).filter(Boolean);
    const sections = [...root.getElementsByTagNameNS('urn:hl7-org:v3', 'section')];
    const narrative = (name) => sections.flatMap((s) => all(s, 'text')).flatMap((t) => [...t.getElementsByTagNameNS('urn:hl7-org:v3', name)]);
    return {
      title: text(all(root, 'title'))[0], language: all(root, 'languageCode')[0]?.getAttribute('code'),
      people: text([...all(root, 'recordTarget/patientRole/patient/name/family').slice(0, 1), ...all(root, 'author/assignedAuthor/assignedPerson/name/family')]),
      sections: text(sections.flatMap((s) => all(s, 'title'))), headers: text(narrative('th')), cells: text(narrative('td')),
      file: all(root, 'component/nonXMLBody/text')[0]?.getAttribute('mediaType'),
    };
  }, new TextDecoder(encoding).decode(bytes));
};

const ADDRESS = 'https://page.invalid/page';
const open = async (name, html, headers, wanted, { strict = true } = {}) => {
  const page = await browser.newPage();
  await page.setViewport({ width: 1200, height: 900 });
  const asked = [];
  const said = [];
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (request.url() === ADDRESS && !asked.includes(ADDRESS)) {
      asked.push(ADDRESS);
      request.respond({ status: 200, headers, body: html });
    } else {
      if (!request.url().startsWith('data:image/')) asked.push(request.url().slice(0, 80));
      request.url().startsWith('data:') ? request.continue() : request.abort();
    }
  });
  page.on('console', (message) => said.push(message.text().slice(0, 200)));
  page.on('pageerror', (error) => said.push(String(error).slice(0, 200)));
  page.on('dialog', (dialog) => { said.push('dialog'); dialog.dismiss(); });
  await page.goto(ADDRESS, { waitUntil: 'load', timeout: 30000 });
  const saw = await page.evaluate(() => ({
    ran: window.ran ?? null, text: document.body.innerText, language: document.documentElement.lang,
    over: document.documentElement.scrollWidth - window.innerWidth,
    headers: [...document.querySelectorAll('th')].filter((e) => e.innerText.trim() && e.getClientRects().length).map((e) => e.innerText),
    links: [...document.querySelectorAll('a')].map((a) => ({ href: a.getAttribute('href')?.slice(0, 60), file: a.getAttribute('download'), text: a.innerText })),
    images: [...document.images].map((i) => i.complete && i.naturalWidth > 0),
    bad: [...document.querySelectorAll('*')].flatMap((e) => [...e.attributes].filter((a) => a.name.startsWith('on')).map((a) => a.name))
      .concat([...document.querySelectorAll('script,iframe,object,embed,form,base,svg,link')].map((e) => e.localName)),
  }));
  const shown = flat(saw.text).toLowerCase();
  const misses = (texts) => texts.map(flat).filter((text) => text && !shown.includes(text.toLowerCase()));
  check(`${name}: nothing is fetched`, asked.length === 1, asked);
  check(`${name}: nothing runs`, saw.ran === null && saw.bad.length === 0, [saw.ran, saw.bad]);
  check(`${name}: the console is silent`, said.length === 0, said);
  check(`${name}: nothing overflows`, saw.over <= 20, String(saw.over));
  check(`${name}: pictures are shown`, saw.images.every(Boolean), saw.images);
  check(`${name}: language`, saw.language === (wanted.language ?? 'fr-FR'), saw.language);
  const missing = misses([wanted.title, ...wanted.people, ...wanted.sections].filter(Boolean));
  check(`${name}: title, people and sections are there`, missing.length === 0, missing);
  const plain = misses(wanted.cells);
  check(`${name}: cells of tables are there`, plain.length === 0, plain.slice(0, 4));
  const heads = wanted.headers.map(flat).filter((h) => !saw.headers.some((s) => flat(s).toLowerCase().includes(h.toLowerCase())));
  check(`${name}: headers of tables are seen`, heads.length === 0, heads.slice(0, 4));
  if (wanted.file && strict) {
    const file = saw.links.find((link) => link.file !== null && link.href.startsWith('data:'));
    const inPlace = /^text\/plain|^image\/(jpeg|png|gif)/.test(wanted.file);
    check(`${name}: the file is there`, inPlace || Boolean(file?.text), saw.links);
    if (wanted.file === 'image/jpeg') check(`${name}: the picture is one`, saw.images.length === 1, saw.images);
  }
  return { page, saw };
};
const render = (file) => execFileSync(BINARY, ['cda', 'render', file], { maxBuffer: 1 << 28 });
const HTML = { 'content-type': 'text/html; charset=utf-8' };

if (SHOTS) mkdirSync(SHOTS, { recursive: true });
const dispatcher = new Agent({ connect: { ca: readFileSync(`${DEMO}/pki/ca.pem`), cert: readFileSync(`${DEMO}/pki/medecin2.pem`), key: readFileSync(`${DEMO}/pki/medecin2.key`) } });
for (const file of readdirSync(MADE).filter((f) => f.endsWith('.xml')).sort()) {
  const name = basename(file, '.xml');
  const bytes = readFileSync(join(MADE, file));
  const wanted = await expect(bytes);
  const { page } = await open(name, render(join(MADE, file)), HTML, wanted);
  if (SHOTS && /pdf$|reaction/.test(name)) await page.screenshot({ path: join(SHOTS, `${name}.png`) });
  await page.close();
  const url = JSON.parse(readFileSync(join(MADE, `${name}.json`))).told?.content?.[0].attachment.url;
  if (!url) continue;
  const answer = await fetch(url, { dispatcher, headers: { Accept: 'text/html', 'DMP-Structure': '499900000029010' } });
  const headers = Object.fromEntries([...answer.headers].filter(([key]) => !['content-length', 'content-encoding', 'transfer-encoding'].includes(key)));
  if (answer.status === 410) continue;
  check(`${name} over HTTP has a policy`, /default-src 'none'.*sandbox/.test(headers['content-security-policy'] ?? ''), headers);
  const sent = await open(`${name} over HTTP`, Buffer.from(await answer.arrayBuffer()), headers, wanted);
  await sent.page.close();
}

// The head of one that we made, the body of one who means harm.
const sample = readFileSync(join(MADE, 'http-text.xml'), 'utf8');
writeFileSync(join(work, 'hostile.xml'), HOSTILE.replace('NARRATIVE_HEAD', sample.slice(sample.indexOf('<templateId'), sample.lastIndexOf('<component>'))
  .replace(/<title>[^<]*/, '<title>&lt;/title&gt;&lt;script&gt;window.ran=20&lt;/script&gt;').replace(/<family>[^<]*/, '<family>&lt;svg onload=window.ran=21&gt;')));
const trap = await open('hostile', render(join(work, 'hostile.xml')), HTML, { title: '</title><script>window.ran=20</script>', language: 'fr-FR', people: ['<svg onload=window.ran=21>'],
  sections: ['Piège <img src=x onerror="window.ran=1">'], headers: [], cells: ['case', 'Avant', 'Après', 'lien', 'contenu'] });
for (const link of await trap.page.$$('a')) await link.evaluate((a) => a.click());
check('hostile: links that were clicked ran nothing', (await trap.page.evaluate(() => window.ran ?? null)) === null);
check('hostile: no address but http, https, a place, or a file', trap.saw.links.every((l) => !l.href || /^(https?:|#|data:)/.test(l.href)), trap.saw.links);
await trap.page.close();

if (NATIONAL && existsSync(NATIONAL)) {
  for (const file of readdirSync(NATIONAL).filter((f) => f.endsWith('.xml')).sort()) {
    const bytes = readFileSync(join(NATIONAL, file));
    const wanted = await expect(bytes);
    if (!wanted) { console.log(`# ${file}: not read by the browser`); continue; }
    const { page } = await open(file, render(join(NATIONAL, file)), HTML, wanted, { strict: false });
    await page.close();
  }
} else console.log('# skipped: the national documents are not beside this checkout');
await browser.close();
rmSync(work, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
