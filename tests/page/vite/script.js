// a static import: the page is loaded only when the snippet listens
import './snippets/script.js'

// what the snippet has from its page
globalThis.show = (image, title) => {
  document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: `${title}: ${image}` }))
}
