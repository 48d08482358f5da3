"""The docs site: the pages of docs/, with references and plots made by the build.

    python -m scripts.docs_site            build build/docs/html; a warning is an error
    python -m scripts.docs_site --images   make the pictures of docs/images again

The build copies the pages to build/docs/source, writes the generated pages beside them, and starts Sphinx there.
Nothing that is generated is committed. The site needs no network, neither to be built nor to be read.
"""
