/** What is mutated: requests as clients send them, and what parsers stumble over. */

export const KEY = 'fuzz-key-0123456789abcdef'

const lines = (...text: readonly string[]) => Buffer.from(text.join('\r\n'), 'latin1')
const HEADERS = ['Host: a', `X-Ghost-Key: ${KEY}`]
const TASK = '00000000-0000-4000-8000-000000000000'
const FORM = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'
const post = (path: string, body: string, ...more: readonly string[]) =>
  lines(`POST ${path} HTTP/1.1`, ...HEADERS, `Content-Length: ${body.length}`, ...more, '', body)
const get = (path: string, ...more: readonly string[]) =>
  lines(`GET ${path} HTTP/1.1`, ...HEADERS, ...more, '', '')
export const REQUESTS = [
  post('/api/chat', '{"messages":[{"role":"user","content":"x"}],"stream":true}'),
  post('/api/chat', '{"messages":[]}', 'Expect: 100-continue', 'Idempotency-Key: a'),
  lines(
    'POST /api/chat HTTP/1.1',
    ...HEADERS,
    'Transfer-Encoding: chunked',
    '',
    'f',
    '{"messages":[]}',
    '0',
    '',
    '',
  ),
  post('/api/upload', FORM, 'Content-Type: multipart/form-data; boundary=b'),
  post('/api/tts', '{"text":"x"}'),
  post('/', `key=${KEY}`),
  post('/leave', ''),
  get(`/api/chat/resume/${TASK}?offset=1`, 'Last-Event-ID: 1'),
  get(`/api/chat/task/${TASK}`),
  get('/api/chat/tasks', 'Origin: http://a', 'Connection: keep-alive'),
  get('/api/download/a/b%20c.txt', 'Range: bytes=0-1', 'If-None-Match: "v1"'),
  get(`/?key=${KEY}`, 'Cookie: ghost_page=1.a'),
  get('/assets/a.js', 'Accept-Encoding: gzip'),
  get('/readyz'),
]
export const UPGRADE = get(
  '/ws?batch=1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
)
export const AWKWARD = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  '%00',
  '..',
  '%2e%2e%2f',
  '\xff',
  'chunked',
  ': ',
  '18446744073709551616',
  '-1',
  '{"__proto__":1}',
  '['.repeat(500),
  '\r\n\r\n',
  'HTTP/1.1',
  '"',
].map((text) => Buffer.from(text, 'latin1'))
