"""The studies; each module offers ``cells``, ``run`` and ``verdict``, see
`hconsist.simulate.study`.
"""
