import { expect, test } from 'vitest'
import { startRig } from '../rig/rig.ts'
import { code, table } from './pages.ts'

test('the table of metrics is what a scrape gives', async () => {
  await using rig = await startRig()
  const text = await (await rig.fetch('/metrics')).text()
  const given = [...text.matchAll(/^# TYPE (ghost_\w+) (\w+)$/gm)].map(([, name, kind]) => `${name} ${kind}`)
  const told = table('docs/operations.md', 'metric', 'kind', 'what it counts').map(
    (row) => `${code(row.metric ?? '').replace(/\{.*\}/, '')} ${row.kind}`,
  )
  expect(told.sort()).toEqual(given.sort())
})

test('the labels of a metric are those that it has', async () => {
  await using rig = await startRig()
  const stream = await rig.chat()
  await rig.fetch(`/api/chat/cancel/${stream.taskId}`, { method: 'POST' })
  stream.leave()
  const text = await (await rig.fetch('/metrics')).text()
  const told = table('docs/operations.md', 'metric', 'kind', 'what it counts').flatMap((row) => {
    const [, name, label] = /^(\w+)\{(\w+)\}$/.exec(code(row.metric ?? '')) ?? []
    return name ? [`${name}{${label}=`] : []
  })
  const labels = [...text.matchAll(/^(ghost_\w+\{(?!le=)\w+=)/gm)].map(([, begin]) => begin)
  expect([...new Set(labels)].sort()).toEqual(told.sort())
})
