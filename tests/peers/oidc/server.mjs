// An identity provider by npm `oidc-provider`: client credentials by secret and by private_key_jwt, tokens as JWT, its key set, and
// keys that change. `node server.mjs PORT PUBLIC_KEY_PEM`; POST /rotate makes a new key and leaves the old one in the set.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import Provider, { errors } from "oidc-provider";

const [port, publicKey] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const theirs = createPublicKey(readFileSync(publicKey)).export({ format: "jwk" });
const counts = { keys: 0, tokens: 0 };
let keys = [];

function made() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  keys = [{ ...privateKey.export({ format: "jwk" }), kid: `k${keys.length + 1}`, use: "sig", alg: "RS256" }, ...keys];
  const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [], scope: "orders:write" };
  const resource = { scope: "orders:write", audience: "orders", accessTokenTTL: 600, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
  const provider = new Provider(issuer, {
    clients: [
      { ...machine, client_id: "by-secret", client_secret: "a secret, of the provider", token_endpoint_auth_method: "client_secret_post" },
      { ...machine, client_id: "by-key", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [{ ...theirs, kid: "ours", use: "sig", alg: "RS256" }] } },
    ],
    jwks: { keys },
    scopes: ["orders:write"],
    clockTolerance: 60,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "urn:orders",
        getResourceServerInfo: (_, wanted) => {
          if (wanted !== "urn:orders") throw new errors.InvalidTarget();
          return resource;
        },
      },
    },
  });
  return provider.callback();
}

let serve = made();
createServer((request, response) => {
  if (request.url === "/rotate") serve = made();
  if (request.url === "/jwks") counts.keys += 1;
  if (request.url === "/token") counts.tokens += 1;
  if (request.url === "/rotate" || request.url === "/counts") return response.end(JSON.stringify(counts));
  serve(request, response);
}).listen(Number(port), "127.0.0.1");
