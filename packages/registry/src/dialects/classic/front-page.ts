/**
 * What a person finds at `/`: what this is and where its endpoints are. A program gets the same as JSON.
 */
export interface FrontPage {
  readonly service: string;
  readonly version: string;
  readonly description: string;
  /** Method and path → what it does. */
  readonly endpoints: Readonly<Record<string, string>>;
}

export function frontPage(version: string): FrontPage {
  return { service: 'rollcall', version, description: 'Service registry', endpoints: ENDPOINTS };
}

export function frontPageHtml({ version, description, endpoints }: FrontPage): string {
  const rows = Object.entries(endpoints).map(
    ([endpoint, does]) => `<tr><td><code>${shownEndpoint(endpoint)}</code></td><td>${escaped(does)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Rollcall</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:3rem auto;padding:0 1rem}td{padding:.2rem 1rem .2rem 0;vertical-align:top}</style></head>
<body><h1>Rollcall</h1><p>${escaped(description)}, version ${escaped(version)}.</p><table>${rows.join('')}</table></body>
</html>
`;
}

const ENDPOINTS = {
  'POST /register': 'Register {service_name, base_url} or {name, host, port, health_endpoint?, metadata?}',
  'POST /heartbeat/{id}': 'Say that an instance is alive',
  'DELETE /deregister/{id}': 'Take an instance out',
  'GET /services/{name}': 'The instances of a service that can be used; with ?all=true every one, with its status',
  'GET /services': 'The same for every service',
  'GET /status': 'How many services and instances there are',
  'GET /health': 'Whether the registry works',
  'GET /metrics': 'Metrics for Prometheus',
  'GET /api/v1/status': 'The native API begins here',
} as const;

/** What can be opened in a browser as it is becomes a link. */
function shownEndpoint(endpoint: string): string {
  const path = /^GET (\/[^{]*)$/.exec(endpoint)?.[1];
  return path === undefined ? escaped(endpoint) : `GET <a href="${escaped(path)}">${escaped(path)}</a>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
