import { plain } from '../plain.ts'
import { isRecord } from '../said.ts'

/** What the frame may be sent; more than this is for reading elsewhere. */
export const MOST_PREVIEW_CHARS = 2_000_000

/** A document for the sandboxed frame. It goes there as text, since nothing can be loaded in it. */
export function documentOf(kind: 'html' | 'css' | 'js', code: string): string {
  if (kind === 'html') return code
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${kind}</title>${kind === 'css' ? sample(code) : consoleOf(code)}`
}

/** Any text as a literal that no script element ends in. */
function literal(text: string): string {
  return JSON.stringify(text)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

function sample(css: string): string {
  return `<body><main class="container">
<h1>heading one</h1><p class="lead">a paragraph with <a href="#">a link</a>, <strong>weight</strong>, <em>stress</em> and <code>code</code>.</p>
<div class="card"><h2>heading two</h2><p>a card with a list:</p><ul><li>first</li><li>second</li></ul><button class="btn button primary">a button</button></div>
<form><label>a field <input placeholder="some words"></label> <label><input type="checkbox" checked> a choice</label></form>
<table><thead><tr><th>planet</th><th>moons</th></tr></thead><tbody><tr><td>earth</td><td>1</td></tr><tr><td>mars</td><td>2</td></tr></tbody></table>
<blockquote>a quote</blockquote></main>
<script>document.head.append(Object.assign(document.createElement('style'),{textContent:${literal(css)}}));addEventListener('submit',(event)=>event.preventDefault())</script>`
}

/** What code says to its console is what it shows, next to whatever it draws on the page. */
function consoleOf(code: string): string {
  return `<style>
html{color-scheme:dark;background:#0b0f16;color:#e8edf4;font:15px/1.6 system-ui,sans-serif}
body{margin:1rem}
#console{margin:0;font:13px/1.6 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
#console div+div{border-top:1px solid rgb(255 255 255/6%)}
#console .warn{color:#ffb454}#console .error{color:#ff8ea1}#console .quiet{color:#8592a6}
</style><body><div id="app"></div><div id="root"></div><div id="console" role="log" aria-label="Console"></div><script>(()=>{
const box=document.getElementById('console')
const show=(it)=>{if(typeof it==='string')return it;if(it instanceof Error)return String(it);if(typeof it==='function')return String(it).slice(0,200);try{return JSON.stringify(it,null,1)?.replace(/\\n\\s*/g,' ')??String(it)}catch{return String(it)}}
let lines=0
const say=(kind,text)=>{if(++lines>500)return;const line=document.createElement('div');line.className=kind;line.textContent=lines===500?'… and no more than this':text.slice(0,5000);box.append(line)}
for(const kind of ['log','info','debug','warn','error'])console[kind]=(...all)=>say(kind,all.map(show).join(' '))
console.table=(...all)=>console.log(...all)
addEventListener('error',(event)=>say('error',event.message))
addEventListener('unhandledrejection',(event)=>say('error','unhandled: '+show(event.reason)))
setTimeout(()=>{if(!lines&&document.body.innerText.trim()===''&&!document.querySelector('canvas,svg,img'))say('quiet','it ran, and said nothing')},400)
const script=document.createElement('script')
script.textContent=${literal(code)}
document.body.append(script)
})()</script>`
}

export const MOST_SVG_CHARS = 4_000_000
const LONGEST_SIDE = 20_000

/** What the frame that draws a diagram tells. Nothing else that comes from a frame is listened to. */
export type DiagramMessage =
  | { readonly step: 'ready' | 'drawing' }
  | { readonly step: 'drawn'; readonly svg: string; readonly width: number; readonly height: number }
  | { readonly step: 'failed'; readonly trouble: string }

export function readReady(data: unknown): boolean {
  return isRecord(data) && data.type === 'ghost:preview-ready'
}

export function readDiagram(data: unknown): DiagramMessage | undefined {
  if (!isRecord(data) || data.type !== 'ghost:diagram') return undefined
  switch (data.step) {
    case 'ready':
    case 'drawing':
      return { step: data.step }
    case 'drawn':
      return typeof data.svg === 'string' && data.svg.length <= MOST_SVG_CHARS && data.svg.startsWith('<svg')
        ? { step: 'drawn', svg: data.svg, width: side(data.width), height: side(data.height) }
        : { step: 'failed', trouble: 'the drawing is none, or too large' }
    case 'failed':
      return { step: 'failed', trouble: clipped(data.trouble) }
    default:
      return undefined
  }
}

function side(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(LONGEST_SIDE, Math.max(1, Math.round(value)))
    : 300
}

function clipped(trouble: unknown): string {
  const text = typeof trouble === 'string' ? plain(trouble).trim() : ''
  return text === '' ? 'no reason was given' : text.length > 400 ? `${text.slice(0, 399)}…` : text
}
