// A token issuer by npm `jose`: makes keys of each kind, prints their public set and a token of each.
import { SignJWT, exportJWK, generateKeyPair } from "jose";

const now = Number(process.argv[2]);
const keys = [];
const tokens = {};
for (const alg of ["RS256", "PS256", "ES256", "ES384", "EdDSA"]) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  keys.push({ ...(await exportJWK(publicKey)), kid: alg, use: "sig", alg });
  tokens[alg] = await new SignJWT({ scope: "orders:write" })
    .setProtectedHeader({ alg, kid: alg })
    .setIssuer("https://id")
    .setAudience("orders")
    .setIssuedAt(now)
    .setExpirationTime(now + 300)
    .sign(privateKey);
}
console.log(JSON.stringify({ set: { keys }, tokens }));
