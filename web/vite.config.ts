import { defineConfig } from 'vite'

export default defineConfig({
  base: './', // the service may live under a path
  build: {
    outDir: '../scapi/page/static',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy forbids data: URLs
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
