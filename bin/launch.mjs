// What runs may be newer than what set-up prepared, after a `git pull` for example: say so instead of showing a stack.
try {
  await import("../src/process/quipu.ts");
} catch (error) {
  if (error?.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(`Set-up is outdated (${error.message.split("\n")[0]}).\nRun \`npm run setup\`, or \`npm start\`.`);
  process.exitCode = 2;
}
