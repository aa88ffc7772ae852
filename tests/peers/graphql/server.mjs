// The shop of examples/graphql on graphql-yoga, with its REST routes beside it. Usage: node server.mjs SCHEMA.
// The first line that it prints is its port; GET /counts says how often each door was asked.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { GraphQLError } from "graphql";
import { createSchema, createYoga } from "graphql-yoga";

const counts = { rest: 0, graphql: 0 };
const order = (id) => ({ id, total: 12.5, state: "OPEN", customer: "c" + id, items: [{ sku: "A" + id, count: 2 }] });
const customer = { name: "Ada", country: "DE" };

const resolvers = {
  Query: {
    order: (_, { id }) => {
      if (id === "none") throw new GraphQLError("no such order", { extensions: { code: "NOT_FOUND" } });
      return order(id);
    },
  },
  Order: {
    customer: ({ customer: id }) => ({ id, ...customer }),
    parcel: () => { throw new GraphQLError("the warehouse is out of reach"); },
  },
};
const typeDefs = readFileSync(process.argv[2], "utf8");
const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false, maskedErrors: false });

const server = createServer((request, answer) => {
  const json = (value) => {
    const body = JSON.stringify(value);
    answer.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
  };
  if (request.url === "/counts") return json(counts);
  if (request.url.startsWith("/graphql")) {
    counts.graphql++;
    return yoga(request, answer);
  }
  counts.rest++;
  const [, kind, id, items] = request.url.split("/");
  if (kind === "customers") return json(customer);
  if (items) return json(order(id).items);
  const { items: _, ...head } = order(id);
  json(head);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
