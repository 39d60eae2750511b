// Runs at CloudFront before every request: paths that begin with `/.` are for machines inside. What follows turns a path
// into what a URL parser would make of it, so that no other spelling of such a path gets through.
// eslint-disable-next-line no-unused-vars -- CloudFront calls it by this name
function handler(event) {
  const path = event.request.uri.replace(/\\/g, '/').replace(/%2e/gi, '.');
  if (/\/\./.test(path)) return { statusCode: 404, statusDescription: 'Not Found' };
  return event.request;
}
