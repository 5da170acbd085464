// what the snippet has from its page
globalThis.show = (image, title) => {
  document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: `${title}: ${image}` }))
}
await import('./snippets/script.js')
