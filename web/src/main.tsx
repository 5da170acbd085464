import { render } from 'preact'
import { Library } from './components/library'
import { Status } from './components/status'
import { Tabs } from './components/tabs'
import { Tags } from './components/tags'
import { Token } from './components/token'
import { Uploads } from './components/uploads'
import icon from './icon.svg'
import './styles/base.css'
import './styles/upload.css'
import './styles/library.css'
import './styles/tags.css'
import './styles/dialogs.css'
import './styles/viewer.css'
import './styles/phone.css'

function App() {
  return (
    <>
      <header>
        <h1>
          <img src={icon} alt="" width="28" height="28" />
          scapi
        </h1>
        <nav aria-label="Page">
          <a href="api/v2/docs">API</a>
          <Token />
        </nav>
      </header>
      <main>
        <Uploads />
        <Tabs panels={{ Library, Tags }} />
      </main>
      <Status />
    </>
  )
}

render(<App />, document.getElementById('page') as HTMLElement)
