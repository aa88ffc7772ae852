// node-soap as a caller of examples/soap-facade. node call.mjs WSDL_URL PORT_NAME: two lines of JSON, an order and a fault.
import { promisify } from "node:util";
import soap from "soap";

const [url, port] = process.argv.slice(2);
const is12 = port.endsWith("12");
const client = await soap.createClientAsync(url, { forceSoap12Headers: is12 });
const getOrder = promisify(client.Orders[port].GetOrder);
const { Order } = await getOrder({ OrderId: "O-1" });
const [line] = [Order.Line].flat();
console.log(JSON.stringify({
  no: Order.attributes.no, customer: Order.Customer, status: Order.Status, sku: line.Sku, quantity: Number(line.Quantity),
  price: Number(line.Price.$value), currency: line.Price.attributes.currency,
}));
try {
  await getOrder({ OrderId: "O-2" });
} catch (error) {
  const fault = error.root.Envelope.Body.Fault;
  const code = (is12 ? fault.Code.Value : fault.faultcode).split(":").pop();
  const [name, detail] = Object.entries(is12 ? fault.Detail : fault.detail)[0];
  console.log(JSON.stringify({ code, fault: `{urn:example:orders}${name}`, key: detail.Key }));
}
