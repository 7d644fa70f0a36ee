import './style/fonts.css'
import './style/tokens.css'
import './style/base.css'
import './style/offline.css'
import { backOff } from './clock.ts'

/** The page in place of the page: holds no key, says what is wrong, and leaves as soon as the gateway answers. */
const RETRY_MOST_MS = 15_000
const ANSWER_MS = 5_000

let tries = 0
let timer: ReturnType<typeof setTimeout> | undefined

function say(): void {
  const what = document.getElementById('what')
  if (what) what.textContent = navigator.onLine ? 'the gateway does not answer' : 'this device is offline'
}

async function look(): Promise<void> {
  clearTimeout(timer)
  say()
  const answer = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS) }).catch(
    () => undefined,
  )
  if (answer?.ok) return location.reload()
  timer = setTimeout(() => void look(), backOff(tries++, RETRY_MOST_MS, Math.random()))
}

function lookNow(): void {
  tries = 0
  void look()
}

document.getElementById('again')?.addEventListener('click', lookNow)
addEventListener('online', lookNow)
addEventListener('offline', say)
document.addEventListener('visibilitychange', () => document.hidden || lookNow())
void look()
