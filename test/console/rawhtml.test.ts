import { describe, expect, test } from 'vitest'
import { tame } from '../../src/console/rawhtml.ts'

describe('A84: HTML in what a model wrote', () => {
  test.each([
    ['H<sub>2</sub>O<br>', 'H<sub>2</sub>O<br>'],
    ['<b onclick="x()" style="color:red" class="y">a</b>', '<b>a</b>'],
    [
      '<a href="https://x.y/?a=1&amp;b" title=\'it "is"\' id=z>a</a>',
      '<a href="https://x.y/?a=1&amp;b" title="it &quot;is&quot;">a</a>',
    ],
    ['<DETAILS OPEN ontoggle=x()>a', '<details open="">a'],
    ['<script>x</script>', 'x'],
    ['<!-- note -->a<!-- open', 'a'],
    ['1 < 2 <3 > 0', '1 &lt; 2 &lt;3 &gt; 0'],
    ['<b x="<img onerror=y>">a', '<b>a'],
    ['<img onerror=x>', ''],
    [
      '<img src="data:image/svg+xml;base64,AAAA">',
      '<a data-media="image" href="data:image/svg+xml;base64,AAAA" title="not loaded: data:image/svg+xml;base64,AAAA">image</a>',
    ],
    ['<img alt="dot" src="data:image/png;base64,AAAA">', '<img src="data:image/png;base64,AAAA" alt="dot">'],
    [
      '<video poster="https://x.y/p.png"></video>',
      '<a data-media="video" href="https://x.y/p.png" title="not loaded: https://x.y/p.png">video · x.y</a>',
    ],
  ])('%s', (html, tamed) => {
    expect(tame(html)).toBe(tamed)
  })
})
