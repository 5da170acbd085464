// The published JavaScript client in Node, on behalf of a test: calls come in as lines of JSON, outcomes go out so.
const readline = require('node:readline');
const sdk = require('@selfcommunity/api-services');

console.log = console.info = console.warn = console.error; // the client logs, and answers have stdout for themselves
sdk.http.setBasePortal(process.argv[2]);

/** Fields of a form, as a page would append them: text, or a file of `{name, type, base64}`. */
function form(fields) {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') made.append(name, value);
    else made.append(name, new File([Buffer.from(value.base64, 'base64')], value.name, {type: value.type}));
  }
  return made;
}

const COMMANDS = {
  authorize: async (token) => sdk.http.setAuthorizeToken(token),
  authorizeAs: async (user, secret) => sdk.http.setAuthorizeToken(await sdk.generateJWTToken(user, secret)),
  postForm: async (url, fields, headers) =>
    (await sdk.http.post(url, form(fields), {headers: {...headers, 'Content-Type': 'multipart/form-data'}})).data,
  completeByForm: async (fields) =>
    sdk.MediaService.chunkUploadMediaComplete(form(fields), {headers: {'Content-Type': 'multipart/form-data'}}),
};

async function call(name, args) {
  const [service, method] = name.split('.');
  return method ? sdk[service][method](...args) : COMMANDS[service](...args);
}

async function answer(line) {
  const [name, args] = JSON.parse(line);
  try {
    return {value: (await call(name, args)) ?? null};
  } catch (error) {
    if (!error.response) throw error;
    return {status: error.response.status, body: error.response.data, said: sdk.formatHttpErrorCode(error)};
  }
}

(async () => {
  for await (const line of readline.createInterface({input: process.stdin})) {
    process.stdout.write(JSON.stringify(await answer(line)) + '\n');
  }
})();
