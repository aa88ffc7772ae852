// Poll -> map -> POST, one call a record (or BATCH), against the stand-ins. The variables are those of the project:
// ERP_URL ERP_USER ERP_PASSWORD CRM_URL CRM_ID CRM_SECRET. usage: node poll.mjs [BATCH] [CONCURRENCY]
import { randomUUID } from "node:crypto";
import { readPage, toContact } from "./map.mjs";

const [batch = "1", concurrency = "4"] = process.argv.slice(2);
const { ERP_URL, ERP_USER, ERP_PASSWORD, CRM_URL, CRM_ID, CRM_SECRET } = process.env;
if (!ERP_URL || !CRM_URL) {
  console.error("ERP_URL and the other variables of examples/erp-to-crm have to be set");
  process.exit(2);
}

function envelope(token) {
  return (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><ListCustomers xmlns="urn:example:erp:v2">' +
    `<ChangedSince>2026-01-01T00:00:00</ChangedSince>${token ? `<PageToken>${token}</PageToken>` : ""}` +
    "</ListCustomers></s:Body></s:Envelope>"
  );
}

async function poll(token) {
  const answer = await fetch(ERP_URL, {
    method: "POST",
    headers: {
      "content-type": "text/xml; charset=utf-8",
      soapaction: '"urn:example:erp:v2/ListCustomers"',
      authorization: "Basic " + Buffer.from(`${ERP_USER}:${ERP_PASSWORD}`).toString("base64"),
    },
    body: envelope(token),
  });
  if (!answer.ok) throw new Error(`the ERP answered ${answer.status}`);
  return readPage(await answer.text());
}

async function signIn() {
  const answer = await fetch(CRM_URL + "/oauth/token", {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", client_id: CRM_ID, client_secret: CRM_SECRET }),
  });
  if (!answer.ok) throw new Error(`the CRM answered ${answer.status} to the sign-in`);
  return (await answer.json()).access_token;
}

async function send(token, contacts) {
  const answer = await fetch(CRM_URL + "/v1/contacts/bulk-upsert", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer " + token, "idempotency-key": randomUUID() },
    body: `{"contacts":[${contacts.join(",")}]}`,
  });
  if (!answer.ok) throw new Error(`the CRM answered ${answer.status}: ${await answer.text()}`);
  const refused = (await answer.json()).results.filter((result) => result.status >= 300);
  if (refused.length) throw new Error(`refused: ${JSON.stringify(refused[0])}`);
}

/** Sends a page by a few calls at once. */
async function sendAll(token, contacts) {
  const calls = [];
  for (let at = 0; at < contacts.length; at += Number(batch)) calls.push(contacts.slice(at, at + Number(batch)));
  const worker = async () => {
    for (let call = calls.shift(); call; call = calls.shift()) await send(token, call);
  };
  await Promise.all(Array.from({ length: Number(concurrency) }, worker));
  return Math.ceil(contacts.length / Number(batch));
}

const begin = performance.now();
const token = await signIn();
let [records, calls, next] = [0, 0, ""];
do {
  const page = await poll(next);
  calls += await sendAll(token, page.customers.map((customer) => JSON.stringify(toContact(customer))));
  records += page.customers.length;
  next = page.next;
} while (next);
const seconds = (performance.now() - begin) / 1000;
const { user, system } = process.cpuUsage();
const [cpu_seconds, resident_bytes] = [(user + system) / 1e6, process.resourceUsage().maxRSS * 1024];
const rates = { records_per_second: Math.round(records / seconds), records_per_cpu_second: Math.round(records / cpu_seconds) };
console.log(JSON.stringify({ bench: "poll", by: "node", records, calls, seconds, cpu_seconds, resident_bytes, ...rates }));
