import type { OpenApi, Operation } from './openapi.ts'

/** The OpenAPI document as a page that needs no script: what can be asked, with what, and what comes back. */
export function docs(document: OpenApi): string {
  const sections = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      section(`${method.toUpperCase()} ${path}`, operation),
    ),
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title}: the API</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<main>
<h1>${document.info.title}</h1>
<p>${escaped(document.info.description)} The same as JSON, with the key: <code>GET /api/openapi.json</code>.</p>
${sections.join('\n')}
</main>
</body>
</html>`
}

function section(title: string, operation: Operation): string {
  const rows = [
    ...operation.parameters.map(({ name, in: where, description }) => [name, where, description]),
    ...Object.entries(operation.responses).map(([status, { description, content }]) => [
      status,
      'answer',
      `${description}${content ? ` (${Object.keys(content).join(', ')})` : ''}`,
    ]),
  ]
  return `<section>
<h2><code>${escaped(title)}</code></h2>
<p>${escaped(operation.summary)}${operation.security.length > 0 ? '' : ' <em>(open)</em>'}</p>
<table><tbody>
${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${marked(cell ?? '')}</td>`).join('')}</tr>`).join('\n')}
</tbody></table>
</section>`
}

const marked = (text: string) => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
}
