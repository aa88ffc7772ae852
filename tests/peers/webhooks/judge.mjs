// Other people's webhook libraries: sign a body, and verify what was signed elsewhere.
// Reads {"secret", "id", "time", "body", "signature"} from its argument; prints what each library signs and whether it verifies.
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const { secret, id, time, body, signature } = JSON.parse(process.argv[2]);
const headers = { "webhook-id": id, "webhook-timestamp": String(time), "webhook-signature": signature };
const out = {};
for (const [name, Library] of [["standardwebhooks", Standard], ["svix", Svix]]) {
  const library = new Library(secret);
  let verified = true;
  try {
    library.verify(body, headers);
  } catch (error) {
    verified = String(error.message);
  }
  out[name] = { signs: library.sign(id, new Date(time * 1000), body), verified };
}
console.log(JSON.stringify(out));
