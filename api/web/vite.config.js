import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The built files are committed, so the same sources must give the same bytes on any machine.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: 'built',
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
    license: { fileName: 'licences.md' },
  },
});
