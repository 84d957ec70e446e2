// An OpenID provider on this machine: `node provider.mjs FOLDER CONFIGURATION`. Says its port on a line when it listens.
// People, clients and keys are what the configuration says; pages to sign in and to consent are the library's own.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, text] = process.argv.slice(2);
const { port, clients, people, key, mislabelled } = JSON.parse(text);
const found = createRequire(`${folder}/`).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found).href);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  jwks: { keys: [key] },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
  cookies: { keys: ["of a test"] },
  rotateRefreshToken: false,
  async findAccount(ctx, login) {
    const claims = { sub: login, preferred_username: login, groups: people[login] ?? [] };
    return { accountId: login, claims: async () => claims };
  },
});
if (mislabelled) {
  // A provider that mixes up its clients: whoever it is gets the tokens of this one.
  const issue = provider.IdToken.prototype.issue;
  provider.IdToken.prototype.issue = function (...all) {
    const mine = this.client;
    this.client = Object.create(mine, { clientId: { value: mislabelled } });
    return issue.apply(this, all);
  };
}
provider.listen(port, "127.0.0.1", () => console.log(port));
