// What our ways in are measured beside: a fixed answer by fastify, and one with a SOAP call by node-soap and a few fields mapped.
// usage: node door.mjs PORT ping | WSDL=.. ERP_URL=.. ERP_USER=.. ERP_PASSWORD=.. node door.mjs PORT customers
import fastify from "fastify";
import http from "node:http";
import soap from "soap";

const [port, what] = process.argv.slice(2);
const server = fastify({ logger: false });

if (what === "ping") {
  const schema = { response: { 200: { type: "object", properties: { ok: { type: "boolean" } } } } };
  server.get("/ping", { schema }, async () => ({ ok: true }));
} else {
  const { WSDL, ERP_URL, ERP_USER, ERP_PASSWORD } = process.env;
  const client = await soap.createClientAsync(WSDL, { forever: true }, ERP_URL);
  client.setSecurity(new soap.BasicAuthSecurity(ERP_USER, ERP_PASSWORD));
  client.setEndpoint(ERP_URL);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const status = { ACTIVE: "active", BLOCKED: "blocked", PROSPECT: "prospect", CLOSED: "former" };
  const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
  server.get("/customer", async () => {
    const [answer] = await client.ListCustomersAsync({ ChangedSince: "2000-01-01T00:00:00", PageSize: 1 }, { httpAgent: agent });
    const customer = answer.Customer[0];
    return {
      id: customer.Number,
      name: customer.CompanyName ?? customer.LastName ?? "",
      email: customer.Email?.toLowerCase(),
      status: status[customer.Status],
      limit: customer.CreditLimit?.$value ?? customer.CreditLimit,
      changed: customer.ChangedAt,
      addresses: list(customer.Address).map((address) => ({ street: address.Street, city: address.City, country: address.Country })),
    };
  });
}

await server.listen({ port: Number(port), host: "127.0.0.1" });
