// An identity provider for the tests: oidc-provider with its pages for trying, which let in whoever types a name.
// Arguments: the path of its entry, and where people are led back to. Prints its issuer when it answers.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [entry, back] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(entry));
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'uphold', client_secret: 'a secret: with signs', redirect_uris: [back] }],
    cookies: { keys: ['a key of the tests'] },
    features: { devInteractions: { enabled: true } },
    // What some providers put into the ID token without being asked.
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'preferred_username', 'email'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: `<b>${id}</b>`, email: `${id}@example.com` }),
    }),
    pkce: { required: () => true },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
