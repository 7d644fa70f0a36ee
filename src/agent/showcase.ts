const DIAGRAM = `\`\`\`mermaid
flowchart LR
  browser -->|asks| gateway
  gateway -->|pours| store[(stream store)]
  gateway --> agent
  store -->|resumes| browser
\`\`\``

const CHART = `\`\`\`chart
{
  "type": "line",
  "data": {
    "labels": ["mon", "tue", "wed", "thu", "fri"],
    "datasets": [
      { "label": "questions", "data": [12, 19, 9, 24, 17] },
      { "label": "answers", "data": [12, 19, 9, 24, 17] }
    ]
  }
}
\`\`\``

/** One of every kind of block that the console renders. */
export const SHOWCASE = `# every kind of block

this is what an answer may hold. **bold**, *italic*, ~~struck~~, \`code\` and a [link](https://example.com).

## lists

1. first
2. second
   - nested
   - again

- [x] a task that is done
- [ ] a task that is not

> a quote, for what somebody else said.

## table

| planet | moons | day in hours |
|---|---:|---:|
| earth | 1 | 24 |
| mars | 2 | 24.6 |
| jupiter | 95 | 9.9 |

## code

\`\`\`ts
export function greet(name: string): string {
  return \`hello, \${name}\`
}
\`\`\`

## mermaid

${DIAGRAM}

## csv

\`\`\`csv
month,answers,notes
january,120,14
february,180,22
march,260,31
\`\`\`

## chart

${CHART}

## html

\`\`\`html
<!doctype html>
<title>a small page</title>
<style>
  body { font: 16px system-ui; display: grid; place-items: center; height: 90vh }
  button { font: inherit; padding: 0.6em 1.2em }
</style>
<button>pressed 0 times</button>
<script>
  const button = document.querySelector('button')
  let times = 0
  button.onclick = () => { button.textContent = 'pressed ' + ++times + ' times' }
</script>
\`\`\`

## svg

\`\`\`svg
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 60">
  <circle cx="30" cy="30" r="20" fill="#22e6ff"/>
  <circle cx="60" cy="30" r="20" fill="#ff3dd2" fill-opacity="0.7"/>
  <circle cx="90" cy="30" r="20" fill="#ffb454" fill-opacity="0.7"/>
</svg>
\`\`\`
`

/** What is seen at a glance: where a question goes, and a chart of made-up numbers. */
export const DRAWING = `this is the way of your question:

${DIAGRAM}

and this a chart, of numbers that i made up:

${CHART}

press **source** to see what they were drawn from.
`

const SENTENCES = [
  'an answer that takes its time is a good test of a patient connection.',
  'you may close this page now; the words keep arriving where they are kept.',
  'come back later, from here or from another device, and nothing will be missing.',
  'each of these words is a chunk of its own, and every chunk has a number.',
  'if the network drops between two of them, reading goes on at the next.',
  'nothing is sent twice, and nothing is guessed.',
  'the quiet parts are quiet because there is nothing to say.',
]

/** One paragraph of a long answer, about 35 words. */
export function paragraph(n: number): string {
  const pick = (step: number) => SENTENCES[(n * 3 + step) % SENTENCES.length]
  return `${n}. ${pick(0)} ${pick(1)} ${pick(2)}`
}
