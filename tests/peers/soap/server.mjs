// An ERP on node-soap: sloppy on purpose (namespaces of faults, prefixes, exceptions). node server.mjs PORT WSDL [wsse]
// With TLS_CERT, TLS_KEY and TLS_CA it speaks TLS and demands a client certificate of that authority.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import soap from "soap";

const [port, wsdl, auth] = process.argv.slice(2);
const text = readFileSync(wsdl, "utf8");
const is12 = text.includes("soap12:binding");
const fault = (code, reason, detail) =>
  is12
    ? { Fault: { Code: { Value: "soap:Sender", Subcode: { value: code } }, Reason: { Text: reason }, Detail: detail, statusCode: 500 } }
    : { Fault: { faultcode: `soap:Server.${code}`, faultstring: reason, detail, statusCode: 500 } };
const operations = {
  ListCustomers: () => ({
    Customer: [["C1", "000001"], ["C2", "000002"]].map(([id, number]) => ({
      attributes: { id }, Number: number, Name: "Müller & Söhne <GmbH>", VatNumber: "DE1", Status: "ACTIVE",
      CreditLimit: { attributes: { currency: "EUR" }, $value: "12345678901234.5600" }, ChangedAt: "2026-01-01T08:00:00+02:00",
      LedgerId: "9223372036854775807", Tags: "a b c", CompanyRegNo: "HRB 01",
    })),
  }),
  GetOrder: ({ OrderId }) => {
    if (OrderId === "boom") throw new Error("ORA-00060: deadlock detected");
    if (OrderId !== "O-1") throw fault("NotFound", "no such order", { NotFoundFault: { Entity: "Order", Key: OrderId } });
    const UnitPrice = { attributes: { currency: "EUR" }, $value: "9.90" };
    return { Order: { OrderId, CustomerNumber: "000001", Line: [{ attributes: { no: 1 }, Sku: "007", Quantity: "2.500", UnitPrice }] } };
  },
  CreateInvoice: ({ Invoice }) => ({ InvoiceId: `INV-${Invoice.ExternalRef}-${[Invoice.Line].flat().length}` }),
};
const elsewhere = (_, answer) => answer.writeHead(404).end();
const { TLS_CERT, TLS_KEY, TLS_CA } = process.env;
const demands = () => ({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY), ca: readFileSync(TLS_CA), requestCert: true, rejectUnauthorized: true });
const server = TLS_CERT ? https.createServer(demands(), elsewhere) : http.createServer(elsewhere);
server.listen(Number(port), "127.0.0.1", () => {
  const services = { ErpService: { [is12 ? "ErpPort12" : "ErpPort11"]: operations } };
  const listening = soap.listen(server, { path: "/erp", services, xml: text, forceSoap12Headers: is12 });
  if (auth === "wsse") {
    listening.authenticate = (security) => {
      const token = security?.UsernameToken;
      return token?.Username === "erp" && (token.Password?.$value ?? token.Password) === "s3cret";
    };
  }
});
