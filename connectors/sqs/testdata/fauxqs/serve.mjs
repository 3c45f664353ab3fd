// Serves fauxqs on loopback only, until SIGINT or SIGTERM: node serve.mjs <port>.
// Its own command line would listen on every interface.
import { buildApp } from "fauxqs";

const port = Number(process.argv[2]);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
  console.error("usage: node serve.mjs <port>");
  process.exit(2);
}

const app = buildApp({ logger: false });
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await app.close();
    process.exit(0);
  });
}
console.log(await app.listen({ host: "127.0.0.1", port }));
