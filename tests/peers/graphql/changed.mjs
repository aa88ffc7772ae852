// Orders that change, page by page, on graphql-yoga. Usage: node changed.mjs SCHEMA. The first line that it prints is its port.
// POST /next takes a list of what the next answers are to be: ok, partial, null, throttled, unwell (a 503 of a gateway), hang.
// POST /touch/ID/TOTAL changes an order; GET /asked lists the variables of every query.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { GraphQLError } from "graphql";
import { createSchema, createYoga } from "graphql-yoga";

const PAGE = 10;
const at = (minute) => new Date(Date.UTC(2026, 0, 2, 0, minute)).toISOString().replace(".000Z", "Z");
const orders = Array.from({ length: 25 }, (_, n) => ({ id: String(n), total: n + 0.5, updatedAt: at(n) }));
const asked = [];
let next = [];
let mode = "ok";

const resolvers = {
  Query: {
    changed: (_, { since, after }) => {
      asked.push({ since, after: after ?? null });
      if (mode === "null") throw new GraphQLError("the database is gone");
      if (mode === "throttled") throw new GraphQLError("slow down", { extensions: { code: "THROTTLED" } });
      const found = orders.filter((order) => order.updatedAt >= since).sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
      const from = after ? Number(after) : 0;
      const hasNextPage = from + PAGE < found.length;
      return { nodes: found.slice(from, from + PAGE), pageInfo: { hasNextPage, endCursor: hasNextPage ? String(from + PAGE) : null } };
    },
  },
  Order: {
    parcel: ({ id }) => {
      if (mode === "partial" && id.endsWith("3")) throw new GraphQLError("the warehouse is out of reach");
      return "P" + id;
    },
  },
};
const typeDefs = readFileSync(process.argv[2], "utf8");
const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false, maskedErrors: false });

const body = async (request) => {
  let text = "";
  for await (const piece of request) text += piece;
  return text;
};
const server = createServer(async (request, answer) => {
  const json = (value) => {
    const text = JSON.stringify(value);
    answer.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
  };
  if (request.url === "/asked") return json(asked);
  if (request.url === "/next") {
    next = JSON.parse(await body(request));
    return json(next);
  }
  const [, touch, id, total] = request.url.split("/");
  if (touch === "touch") {
    Object.assign(orders[Number(id)], { total: Number(total), updatedAt: at(60) });
    return json(orders[Number(id)]);
  }
  mode = next.shift() ?? "ok";
  if (mode === "hang") return;
  if (mode === "unwell") return answer.writeHead(503, { "content-type": "text/html", "retry-after": "0" }).end("<h1>Back soon</h1>");
  return yoga(request, answer);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
