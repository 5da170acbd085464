import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false, __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false },
  build: {
    target: 'es2022',
    minify: false,
    rolldownOptions: { input: ['index.html', 'react.html', 'vue.html', 'fetch.html', 'script.html'] },
  },
})
