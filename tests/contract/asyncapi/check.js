// Prints what the official parser finds wrong with the document on standard input; exits 1 if that is anything.
const { Parser } = require(require.resolve("@asyncapi/parser", { paths: [process.argv[2]] }));

const document = require("fs").readFileSync(0, "utf8");
new Parser().parse(document).then(({ diagnostics }) => {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 0);
  for (const error of errors) console.log(error.path.join("."), error.message);
  process.exit(errors.length ? 1 : 0);
});
