// A service that does nothing: `node service.mjs PORT`.
import * as restate from "@restatedev/restate-sdk";

restate.serve({ services: [restate.service({ name: "sink", handlers: { take: async () => {} } })], port: Number(process.argv[2]) });
