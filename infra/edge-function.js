// Runs at CloudFront before every request and refuses internal paths, which begin with `/.`. It normalizes a path as a
// URL parser does, so that no other spelling of such a path gets through.
// eslint-disable-next-line no-unused-vars -- CloudFront calls it by this name
function handler(event) {
  const path = event.request.uri.replace(/\\/g, '/').replace(/%2e/gi, '.');
  if (/\/\./.test(path)) return { statusCode: 404, statusDescription: 'Not Found' };
  return event.request;
}
