// The round trip with fhir-kit-client.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Client } from 'fhir-kit-client';
import { Agent } from 'undici';

const { BASE, DEMO, EXAMPLES, BINARY } = process.env;
const INS = 'urn:oid:1.2.250.1.213.1.4.10|279036990100166';
const STRUCTURE = '499900000029010';
const VISIBILITY = 'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';

let failed = 0;
const check = (name, held, saw = '') => {
  console.log(held ? `ok fhir-kit-client ${name}` : `FAIL fhir-kit-client ${name}: ${typeof saw === 'string' ? saw : JSON.stringify(saw)}`);
  if (!held) failed += 1;
};

const client = (card, customHeaders = {}) => {
  const pem = (name) => readFileSync(`${DEMO}/pki/${name}`);
  const dispatcher = new Agent({ connect: { ca: pem('ca.pem'), cert: pem(`${card}.pem`), key: pem(`${card}.key`) } });
  return new Client({ baseUrl: BASE, customHeaders, requestOptions: { dispatcher } });
};

const oid = () => `2.25.${BigInt(`0x${randomBytes(15).toString('hex')}`)}`;
const bundle = () => {
  const unique = oid();
  const now = `${new Date().toISOString().slice(0, 19)}+00:00`;
  const hl7 = `${now.slice(0, 19).replace(/[-:T]/g, '')}+0000`;
  const data = Buffer.from(readFileSync(`${EXAMPLES}/letter.xml`, 'utf8')
    .replaceAll('@ID@', unique).replaceAll('@SET@', oid()).replaceAll('@HL7@', hl7));
  const sent = JSON.parse(readFileSync(`${EXAMPLES}/publish.json`, 'utf8')
    .replaceAll('@ID@', unique).replaceAll('@SUBMISSION@', oid()).replaceAll('@FHIR@', now)
    .replaceAll('@SIZE@', String(data.length)).replaceAll('@HASH@', createHash('sha1').update(data).digest('base64'))
    .replaceAll('@DATA@', data.toString('base64')));
  return { sent, data, unique };
};

const refused = async (name, status, code, call) => {
  try {
    check(name, false, await call());
  } catch (error) {
    const body = error.response?.data;
    check(name, error.response?.status === status && body?.resourceType === 'OperationOutcome'
      && body.issue[0].details.coding[0].code === code, body ?? String(error));
  }
};

const physician = client('medecin2', { 'DMP-Structure': STRUCTURE });

const capabilities = await physician.capabilityStatement();
check('metadata', capabilities.fhirVersion === '4.0.1' && capabilities.rest[0].resource.length > 4, capabilities);

const patients = await physician.search({ resourceType: 'Patient', searchParams: { identifier: INS } });
check('Patient search (TD0.2)', patients.total === 1, patients);

const declared = await physician.create({ resourceType: 'Consent', body: JSON.parse(readFileSync(`${EXAMPLES}/consent.json`, 'utf8')) });
check('Consent create (TD0.3)', Boolean(declared.id), declared);

const { sent, data, unique } = bundle();
const answer = await physician.transaction({ body: sent });
check('transaction (ITI-65)', answer.type === 'transaction-response' && answer.entry.every((e) => e.response.status.startsWith('201')), answer);

const searchParams = { 'patient.identifier': INS, status: 'current', _count: 5 };
let page = await physician.search({ resourceType: 'DocumentReference', searchParams });
const ids = [];
const { total } = page;
while (page) {
  ids.push(...page.entry.map((e) => e.resource.id));
  page = await physician.nextPage({ bundle: page });
}
check('search, page by page (ITI-67)', ids.length === total && new Set(ids).size === total && total > 5, { total, ids });

const byIdentifier = { 'patient.identifier': INS, status: 'current', identifier: `urn:ietf:rfc:3986|urn:oid:${unique}` };
const found = await physician.search({ resourceType: 'DocumentReference', searchParams: byIdentifier, options: { postSearch: true } });
check('POST _search by identifier', found.total === 1, found);
const { id } = found.entry[0].resource;

const read = await physician.read({ resourceType: 'DocumentReference', id });
check('read', read.masterIdentifier.value === `urn:oid:${unique}`, read);
const binary = await physician.request(read.content[0].attachment.url);
check('Binary (ITI-68)', Buffer.from(binary.data, 'base64').equals(data), binary);
const version = await physician.vread({ resourceType: 'DocumentReference', id, version: '1' });
check('vread', version.meta.versionId === '1', version);

const jsonPatch = (operations) => physician.patch({ resourceType: 'DocumentReference', id, jsonPatch: operations });
const codes = (resource) => resource.securityLabel.flatMap((l) => l.coding.map((c) => c.code));
const masked = await jsonPatch([{ op: 'replace', path: '/securityLabel/0', value: { coding: [{ system: VISIBILITY, code: 'MASQUE_PS' }] } }]);
check('mask (TD3.3a)', codes(masked).includes('MASQUE_PS'), masked);
await refused('masked to the others: not-found', 404, 'not-found', () => client('medecin').read({ resourceType: 'DocumentReference', id }));
const shown = await jsonPatch([{ op: 'replace', path: '/securityLabel/0', value: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'N' }] } }]);
check('unmask (TD3.3b)', codes(shown).join() === 'N', shown);
await refused('another element: not-mutable', 405, 'not-mutable', () => jsonPatch([{ op: 'replace', path: '/description', value: 'x' }]));

const second = bundle();
const simplified = second.sent.entry[1].resource;
delete simplified.content[0].attachment.url;
simplified.content[0].attachment.data = second.data.toString('base64');
const created = await physician.create({ resourceType: 'DocumentReference', body: simplified });
check('create (ITI-105)', Boolean(created.id), created);
await refused('the same again: duplicate-document', 409, 'duplicate-document', () => physician.create({ resourceType: 'DocumentReference', body: simplified }));

const lists = await physician.search({ resourceType: 'List', searchParams: { 'patient.identifier': INS, code: 'submissionset', status: 'current' } });
check('List search (ITI-66)', lists.total > 0, lists);

const secretary = client('secretaire');
await refused('a secretary does not read: card-cannot-consult', 403, 'card-cannot-consult', () => secretary.search({ resourceType: 'DocumentReference', searchParams }));

const token = execFileSync(BINARY, ['demo-token', '--dir', DEMO, '--ins', INS]).toString().trim();
const holder = client('exploitant');
holder.bearerToken = token;
const events = await holder.search({ resourceType: 'AuditEvent', searchParams: { 'patient.identifier': INS } });
check('the patient reads the journal', events.total > 0 && events.entry[0].resource.resourceType === 'AuditEvent', events);

process.exit(failed > 0 ? 1 : 0);
