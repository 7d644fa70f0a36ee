import { describe, expect, test } from 'vitest'
import { sentencesOf } from '../../../src/console/voice/sentences.ts'

const whole = (text: string) => sentencesOf({ text, closed: true })
const soFar = (text: string) => sentencesOf({ text, closed: false })

describe('cuts where a sentence ends, and nowhere else', () => {
  test.each<[string, string[]]>([
    ['One. Two! Three? Four', ['One.', 'Two!', 'Three?', 'Four']],
    ['Pi is 3.14159 and e is 2.718. Both go on.', ['Pi is 3.14159 and e is 2.718.', 'Both go on.']],
    ['Use a list, e.g. Apples or pears. Then stop.', ['Use a list, e.g. Apples or pears.', 'Then stop.']],
    ['Dr. Smith met Mr. Jones. They spoke.', ['Dr. Smith met Mr. Jones.', 'They spoke.']],
    ['J. R. R. Tolkien wrote it. It is long.', ['J. R. R. Tolkien wrote it.', 'It is long.']],
    ['See No. 5 and p. 12. No. I mean it.', ['See No. 5 and p. 12.', 'No.', 'I mean it.']],
    ['It was 2019. Then came 2020.', ['It was 2019.', 'Then came 2020.']],
    ['Open ghost.example.org or file.txt. Done.', ['Open ghost.example.org or file.txt.', 'Done.']],
    ['He said "Stop." Then he left.', ['He said "Stop."', 'Then he left.']],
    ['Wait... what? Yes.', ['Wait... what?', 'Yes.']],
    [
      'Am 3. Oktober, z. B. Abends, kommt Dr. Krause. Er bleibt bis zum 5. Mai.',
      ['Am 3. Oktober, z. B. Abends, kommt Dr. Krause.', 'Er bleibt bis zum 5. Mai.'],
    ],
    [
      'Das ist z.B. Käse bzw. Wurst usw. und mehr. Gut.',
      ['Das ist z.B. Käse bzw. Wurst usw. und mehr.', 'Gut.'],
    ],
    ['Es kostet 3,50 Euro. Ca. 20 Stück sind da.', ['Es kostet 3,50 Euro.', 'Ca. 20 Stück sind da.']],
    ['M. Dupont et Mme. Curie. Ils parlent.', ['M. Dupont et Mme. Curie.', 'Ils parlent.']],
    ['¿Qué hora es? ¡Es tarde! Vamos.', ['¿Qué hora es?', '¡Es tarde!', 'Vamos.']],
    [
      '今日は晴れです。明日は雨でしょう。「はい。」と言った！本当？',
      ['今日は晴れです。', '明日は雨でしょう。', '「はい。」', 'と言った！', '本当？'],
    ],
    ['你好。今天天气很好！我们走吧。', ['你好。', '今天天气很好！', '我们走吧。']],
    ['Привет. Как дела? Хорошо.', ['Привет.', 'Как дела?', 'Хорошо.']],
    ['यह एक वाक्य है। यह दूसरा है।', ['यह एक वाक्य है।', 'यह दूसरा है।']],
    ['a line that\nis wrapped. Next\nLine', ['a line that is wrapped.', 'Next', 'Line']],
    ['… — !!!', []],
    ['', []],
  ])('%s', (text, sentences) => {
    expect(whole(text)).toEqual(sentences)
  })
})

describe('while a text grows', () => {
  test.each<[string, string[]]>([
    ['It is done.', []],
    ['It is done. N', []],
    ['It is done. Now ', ['It is done.']],
    ['Is it? N', ['Is it?']],
    ['Am 3. Okt', []],
    ['Use e.g. Apples ', []],
    ['Version 3.', []],
    ['今日は晴れです。明', ['今日は晴れです。']],
    ['First line\nS', ['First line']],
    ['First line\ns', []],
  ])('%s gives only what is surely whole', (text, sentences) => {
    expect(soFar(text)).toEqual(sentences)
  })
})

test('cuts a very long sentence where one would breathe, and loses nothing of it', () => {
  const clause = 'and then the road went on for many miles, '
  const text = `It began${clause.repeat(20)}at last.`
  const parts = whole(text)
  expect(parts.length).toBeGreaterThan(2)
  expect(parts.every((part) => part.length <= 280)).toBe(true)
  expect(parts.slice(0, -1).every((part) => part.endsWith(','))).toBe(true)
  expect(parts.join(' ')).toBe(text)
})
