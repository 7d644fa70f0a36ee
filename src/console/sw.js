// Built with the list of what it keeps. It never keeps the page itself, which holds the key, nor anything of the API.
const VERSION = '__VERSION__'
const ASSETS = __ASSETS__
const CACHE = `ghost-console-${VERSION}`
const OFFLINE = '/offline.html'
// What a proxy says when the gateway behind it is gone, and how long one may say nothing at all.
const GONE = [502, 503, 504]
const SILENCE_MS = 10_000

addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) =>
      // One file that fails to come must not cost the worker: it will be kept when it is first used.
      Promise.all([OFFLINE, ...ASSETS].map((path) => keep(cache, path).catch(() => {}))),
    ),
  )
})

addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith('ghost-console-') && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name)))),
  )
})

addEventListener('message', (event) => {
  if (event.data === 'take-over') skipWaiting()
})

addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (request.mode === 'navigate' && url.pathname === '/') event.respondWith(page(request))
  else if (url.pathname.startsWith('/assets/') && url.search === '') event.respondWith(asset(request))
})

async function page(request) {
  const silence = new Promise((done) => setTimeout(done, SILENCE_MS))
  const response = await Promise.race([fetch(request), silence]).catch(() => undefined)
  if (response && !GONE.includes(response.status)) return response
  const cache = await caches.open(CACHE)
  return (
    (await cache.match(OFFLINE, { ignoreVary: true })) ??
    response ??
    new Response('The gateway does not answer.', { status: 503 })
  )
}

async function asset(request) {
  const cache = await caches.open(CACHE)
  // A file with its hash in its name is the same for everyone, whatever a proxy says in `Vary`.
  const kept = await cache.match(request, { ignoreVary: true })
  if (kept) return kept
  const response = await fetch(request)
  if (isWhole(response)) await cache.put(request, response.clone())
  return response
}

async function keep(cache, path) {
  const response = await fetch(path, { cache: 'no-cache', credentials: 'omit' })
  if (isWhole(response)) await cache.put(path, response)
}

// Neither an error, nor half a file, nor what another origin or a redirect made of it.
function isWhole(response) {
  return response.ok && response.status === 200 && response.type === 'basic' && !response.redirected
}
