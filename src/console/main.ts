import './style/fonts.css'
import './style/tokens.css'
import './style/base.css'
import './style/prose.css'
import './style/settings.css'
import { mount } from 'svelte'
import { Desk } from './desk.svelte.ts'
import { dropKey } from './key.ts'
import App from './view/App.svelte'

dropKey()
const target = document.getElementById('app')
if (target) mount(App, { target, props: { desk: await Desk.open() } })
