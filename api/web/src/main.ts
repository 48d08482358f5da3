import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import './fonts/chinese.css';
import { there } from './lib/line.svelte';

// After an upgrade of the server an open tab may ask for a file that is gone: load the page again, once. If it is the
// server that is gone, wait for it.
addEventListener('vite:preloadError', (event) => {
  event.preventDefault();
  void there().then(() => {
    if (sessionStorage.getItem('reloaded') === location.href) return;
    sessionStorage.setItem('reloaded', location.href);
    location.reload();
  });
});

mount(App, { target: document.getElementById('app')! });
