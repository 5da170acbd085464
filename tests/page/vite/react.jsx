import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { Upload } from './snippets/Upload.jsx'

const query = new URLSearchParams(location.search)

function App() {
  const [media, setMedia] = useState([])
  return (
    <>
      <Upload endpoint={query.get('api')} getToken={() => query.get('token')} onMedia={(one) => setMedia((all) => [...all, one])} />
      <ul>
        {media.map(({ id, title, url }) => (
          <li key={id}>
            {title}: {url}
          </li>
        ))}
      </ul>
    </>
  )
}

createRoot(document.querySelector('main')).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
