import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';

// After an upgrade of the server an open tab may ask for a file that is gone: load the page again, once.
addEventListener('vite:preloadError', () => {
  if (sessionStorage.getItem('reloaded') !== location.href) {
    sessionStorage.setItem('reloaded', location.href);
    location.reload();
  }
});

mount(App, { target: document.getElementById('app')! });
